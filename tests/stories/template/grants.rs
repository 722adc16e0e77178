//! Who may do what: roles, statements, principals.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::load::{Template, text, texts, walk};

/// Statements that may say `Resource: '*'`: logical id, Sid, and why.
const EVERY_RESOURCE: [(&str, &str, &str); 1] =
    [("SecretsKey", "LeaveItToTheAccount", "in a key's own policy it means this key and nothing else")];

/// Types that grant something elsewhere than in the function's own role.
const GRANTS_ELSEWHERE: [&str; 7] = [
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::User",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::Group",
    "AWS::Serverless::Connector",
];

/// Every policy statement, with where it stands.
fn statements(template: &Template) -> Vec<(String, &Map<String, Value>)> {
    let mut found = Vec::new();
    walk(&template.0["Resources"], "", &mut |path, map| {
        if map.contains_key("Effect") {
            found.push((path.trim_start_matches('/').to_owned(), map));
        }
    });
    found
}

/// The statements of one role's policies, its trust left out.
fn grants_of_role<'t>(template: &'t Template, role: &str) -> Vec<&'t Map<String, Value>> {
    let inside = format!("{role}/Properties/Policies/");
    statements(template).into_iter().filter(|(path, _)| path.starts_with(&inside)).map(|(_, s)| s).collect()
}

/// The logical id of a function's role.
fn role_of(function: &Value) -> Option<&str> {
    match function["Role"]["Fn::GetAtt"].as_array()?.as_slice() {
        [role, attribute] if attribute == "Arn" => role.as_str(),
        _ => None,
    }
}

fn field(statement: &Map<String, Value>, name: &str) -> Vec<String> {
    statement.get(name).map(texts).unwrap_or_default()
}

/// What a function may do: pairs of action and resource.
pub(crate) fn grants(template: &Template, function: &str) -> BTreeSet<(String, String)> {
    let functions: BTreeMap<_, _> = template.functions().into_iter().collect();
    let role = functions.get(function).and_then(|f| role_of(f)).unwrap_or_default();
    let mut pairs = BTreeSet::new();
    for statement in grants_of_role(template, role) {
        for action in field(statement, "Action") {
            pairs.extend(field(statement, "Resource").into_iter().map(|r| (action.clone(), r)));
        }
    }
    pairs
}

pub(super) fn each_function_has_its_own_role(template: &Template) -> Vec<String> {
    let roles: BTreeMap<_, _> = template.of_type("AWS::IAM::Role").into_iter().collect();
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, function) in template.functions() {
        match role_of(function) {
            Some(role) if !roles.contains_key(role) => {
                wrong.push(format!("{name}: {role} is no role of ours"))
            }
            Some(role) if !used.insert(role) => wrong.push(format!("{name}: shares {role}")),
            Some(_) => {}
            None => wrong.push(format!("{name}: has no role of its own")),
        }
        if !function["Policies"].is_null() || !function["Connectors"].is_null() {
            wrong.push(format!("{name}: is granted something outside its role"));
        }
    }
    for (id, role) in roles {
        let trust = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"];
        let trusted = trust.as_array().is_some_and(|all| {
            all.iter().all(|s| s["Principal"] == serde_json::json!({ "Service": "lambda.amazonaws.com" }))
        });
        if !trusted {
            wrong.push(format!("{id}: trusts somebody else than Lambda"));
        }
        if !used.contains(id) {
            wrong.push(format!("{id}: is no function's role"));
        }
    }
    wrong
}

pub(super) fn policies_are_written_out(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, role) in template.of_type("AWS::IAM::Role") {
        if !role["Properties"]["ManagedPolicyArns"].is_null() {
            wrong.push(format!("{id}: takes a managed policy"));
        }
    }
    for kind in GRANTS_ELSEWHERE {
        wrong.extend(template.of_type(kind).iter().map(|(id, _)| format!("{id}: {kind} grants elsewhere")));
    }
    wrong
}

pub(super) fn actions_are_exact(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, statement) in statements(template) {
        for turned in ["NotAction", "NotResource", "NotPrincipal"] {
            if statement.contains_key(turned) {
                wrong.push(format!("{path}: {turned} grants what it does not name"));
            }
        }
        let actions = field(statement, "Action");
        if actions.is_empty() {
            wrong.push(format!("{path}: names no action"));
        }
        for action in actions {
            let exact = action.split_once(':').is_some_and(|(service, verb)| {
                let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
                plain(service) && plain(verb)
            });
            if !exact {
                wrong.push(format!("{path}: action {action} is not exact"));
            }
        }
    }
    wrong
}

pub(super) fn resources_are_exact(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut excepted = BTreeSet::new();
    for (path, statement) in statements(template) {
        let owner = path.split('/').next().unwrap_or_default();
        let sid = statement.get("Sid").map(text).unwrap_or_default();
        let resources = field(statement, "Resource");
        let is_trust = path.contains("/AssumeRolePolicyDocument/");
        if resources.is_empty() && !is_trust {
            wrong.push(format!("{path}: names no resource"));
        }
        for resource in resources {
            let exception = EVERY_RESOURCE.iter().find(|(o, s, _)| *o == owner && *s == sid);
            match exception {
                Some(exception) if resource == "*" => {
                    excepted.insert(exception);
                }
                _ if is_exact(&resource) => {}
                _ => wrong.push(format!("{path}: resource {resource} is not exact")),
            }
        }
    }
    let unused = EVERY_RESOURCE.iter().filter(|e| !excepted.contains(e));
    wrong.extend(unused.map(|(owner, sid, _)| format!("{owner}/{sid}: an exception nobody needs")));
    wrong
}

/// One ARN; `:*` only as the streams of one log group.
fn is_exact(resource: &str) -> bool {
    let streams = resource.contains(":logs:") && resource.contains(":log-group:");
    let rest = if streams { resource.strip_suffix(":*").unwrap_or(resource) } else { resource };
    let is_arn = rest.starts_with("arn:")
        || (rest.starts_with("${") && [".Arn}", ".TopicArn}"].iter().any(|end| rest.contains(end)));
    is_arn && !rest.contains(['*', '?'])
}

pub(super) fn only_urls_are_open_to_all(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    walk(&template.0["Resources"], "", &mut |path, map| {
        let Some(principal) = map.get("Principal") else { return };
        let mut named = texts(principal);
        named.extend(principal.as_object().into_iter().flat_map(|kinds| kinds.values().flat_map(texts)));
        // An object such as `{Service: …}` reads as one unknown text; its values were added above.
        let open = named.iter().any(|name| name.contains('*'));
        let id = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let is_permission = template.0["Resources"][id]["Type"] == "AWS::Lambda::Permission";
        let action = map.get("Action").map(text).unwrap_or_default();
        let by_url = match action.as_str() {
            "lambda:InvokeFunctionUrl" => map.get("FunctionUrlAuthType").is_some_and(|auth| auth == "NONE"),
            "lambda:InvokeFunction" => map.get("InvokedViaFunctionUrl").is_some_and(|via| via == true),
            _ => false,
        };
        if open && !(is_permission && by_url) {
            wrong.push(format!("{}: open to all", path.trim_start_matches('/')));
        }
    });
    wrong
}

pub(super) fn urls_have_both_permissions(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, function) in template.functions() {
        if !function["FunctionUrlConfig"].is_null() {
            wrong.push(format!("{name}: its URL is not written out"));
        }
    }
    let permissions = template.of_type("AWS::Lambda::Permission");
    for (id, url) in template.of_type("AWS::Lambda::Url") {
        let target = &url["Properties"]["TargetFunctionArn"];
        for action in ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"] {
            let granted = permissions.iter().any(|(_, p)| {
                p["Properties"]["FunctionName"] == *target && p["Properties"]["Action"] == action
            });
            if !granted {
                wrong.push(format!("{id}: lacks {action}, which URLs need since October 2025"));
            }
        }
    }
    wrong
}

/// The receivers stand open to the world: what they may do is this list and nothing else.
pub(super) fn receivers_are_granted_this_alone(template: &Template) -> Vec<String> {
    let both = |logs: &'static str| {
        [
            ("sqs:SendMessage", "${InboundQueue.Arn}"),
            ("dynamodb:GetItem", "${WebhookSecretsTable.Arn}"),
            ("kms:Decrypt", "${SecretsKey.Arn}"),
            ("logs:CreateLogStream", logs),
            ("logs:PutLogEvents", logs),
        ]
    };
    // A store's delivery is kept when the queue is down; a notification may name whom we must forget.
    let keeps = [("dynamodb:PutItem", "${DeliveriesTable.Arn}")];
    let stores = both("${ReceiveStoreWebhookLogs.Arn}").into_iter().chain(keeps);
    let marketplaces = both("${ReceiveMarketplaceNotificationLogs.Arn}").into_iter();
    let mut wrong = difference(template, "receive-store-webhook", stores);
    wrong.extend(difference(template, "receive-marketplace-notification", marketplaces));
    wrong
}

fn difference<'a>(
    template: &Template,
    function: &str,
    allowed: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<String> {
    let allowed: BTreeSet<_> =
        allowed.map(|(action, resource)| (action.to_owned(), resource.to_owned())).collect();
    grants(template, function)
        .symmetric_difference(&allowed)
        .map(|(action, resource)| format!("{function}: {action} on {resource}"))
        .collect()
}

/// What is dear is granted to few: resource or action, and the functions that may.
const FEW: [(&str, &[&str]); 5] = [
    ("${WebhookSecretsTable.Arn}", &["receive-store-webhook", "receive-marketplace-notification"]),
    ("${CredentialsTable.Arn}", &["sync-order", "poll-channels"]),
    (
        "${SecretsKey.Arn}",
        &["receive-store-webhook", "receive-marketplace-notification", "sync-order", "poll-channels"],
    ),
    ("ses:SendEmail", &["send-alerts"]),
    ("sns:Publish", &["send-alerts"]),
];

pub(super) fn what_is_dear_is_granted_to_few(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, function) in template.functions() {
        for (action, resource) in grants(template, name) {
            let few = FEW.iter().find(|(dear, _)| *dear == action || resource.starts_with(dear));
            if few.is_some_and(|(_, may)| !may.contains(&name)) {
                wrong.push(format!("{name}: must not have {action} on {resource}"));
            }
        }
        for statement in grants_of_role(template, role_of(function).unwrap_or_default()) {
            let bound = statement.get("Condition").map_or(&Value::Null, |c| &c["StringEquals"]);
            let needed: &[&str] = match field(statement, "Action").first().and_then(|a| a.split(':').next()) {
                // Called by the function itself.
                Some("kms") if !bound[PURPOSE].is_null() => {
                    wrong.extend(loosely_sealed(statement).map(|what| format!("{name}: {what}")));
                    &[]
                }
                // Called by DynamoDB for it.
                Some("kms") => &["kms:ViaService", TABLE],
                Some("ses") => &["ses:FromAddress"],
                _ => &[],
            };
            let missing = needed.iter().filter(|key| bound[**key].is_null());
            wrong.extend(missing.map(|key| format!("{name}: lacks the condition {key}")));
        }
    }
    wrong
}

/// SES asks for the address's identity where that is verified, else for its domain's: the mailer may use either.
pub(super) fn mail_is_granted_as_ses_asks(template: &Template) -> Vec<String> {
    let mail = grants_of_role(template, "SendAlertsRole");
    let mail = mail.iter().find(|statement| field(statement, "Action") == ["ses:SendEmail"]);
    let resources =
        mail.and_then(|statement| statement.get("Resource")?.as_array()).cloned().unwrap_or_default();
    let ends = |value: &Value, end: &str| text(value).ends_with(end);
    let by_domain = |value: &Value| {
        value["Fn::If"][0] == "MailFromDomain"
            && value["Fn::If"][2] == serde_json::json!({ "Ref": "AWS::NoValue" })
    };
    let must = [
        (
            "the address's own identity",
            resources.iter().any(|r| r["Fn::If"].is_null() && ends(r, ":identity/${MailFrom}")),
        ),
        ("its domain's", resources.iter().any(|r| by_domain(r) && ends(r, ":identity/${MailDomain}"))),
        (
            "the configuration set",
            resources.iter().any(|r| ends(r, ":configuration-set/${MailConfigurationSet}")),
        ),
    ];
    must.iter()
        .filter(|(_, holds)| !holds)
        .map(|(what, _)| format!("send-alerts may not send by {what}"))
        .collect()
}

const PURPOSE: &str = "kms:EncryptionContext:purpose";
const TABLE: &str = "kms:EncryptionContext:aws:dynamodb:tableName";

/// What is wrong with a grant to seal tokens: it must hold for a data key of one connection and for nothing else.
fn loosely_sealed(statement: &Map<String, Value>) -> Option<&'static str> {
    let condition = statement.get("Condition")?;
    let all = ["purpose", "merchant", "connection"].map(|name| Value::from(name.to_owned()));
    if text(&condition["StringEquals"][PURPOSE]) != "marketplace-tokens" {
        Some("seals for another purpose than the code's")
    } else if !["merchant", "connection"]
        .iter()
        .all(|name| condition["Null"][format!("kms:EncryptionContext:{name}")] == "false")
    {
        Some("seals without a connection")
    } else if condition["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"] != Value::from(all.to_vec())
    {
        Some("seals with other words in the context than the code's")
    } else if field(statement, "Action") != ["kms:GenerateDataKey", "kms:Decrypt"] {
        Some("may do more with data keys than make and open them")
    } else {
        None
    }
}

/// Webhook secrets and tokens lie apart: no function reads both, nor may it use the key for the other's table.
pub(super) fn secrets_are_apart(template: &Template) -> Vec<String> {
    let kinds =
        [("${WebhookSecretsTable.Arn}", "webhook-secrets"), ("${CredentialsTable.Arn}", "credentials")];
    let mut wrong = Vec::new();
    for (name, function) in template.functions() {
        let granted = grants(template, name);
        let tables = kinds.map(|(table, _)| granted.iter().any(|(_, resource)| resource.starts_with(table)));
        if tables == [true, true] {
            wrong.push(format!("{name}: reaches both tables of secrets"));
        }
        for statement in grants_of_role(template, role_of(function).unwrap_or_default()) {
            let bound = statement.get("Condition").map_or(&Value::Null, |c| &c["StringEquals"]);
            let used = text(&bound[TABLE]);
            let own = kinds
                .iter()
                .zip(tables)
                .find(|((_, short), _)| used == format!("${{AWS::StackName}}-{short}"));
            let seals = !bound[PURPOSE].is_null();
            if !used.is_empty() && own.is_none_or(|(_, reaches)| !reaches) {
                wrong.push(format!("{name}: may use the key for {used}, which it does not reach"));
            }
            if seals && !tables.last().is_some_and(|reaches| *reaches) {
                wrong.push(format!("{name}: may open tokens, which it does not reach"));
            }
        }
        // Who is told which key seals may use it, and the other way round.
        let told = !function["Environment"]["Variables"]["KMS_ARN"].is_null();
        if told != granted.contains(&("kms:GenerateDataKey".to_owned(), "${SecretsKey.Arn}".to_owned())) {
            wrong.push(format!("{name}: is told or granted the key that seals, not both"));
        }
    }
    wrong
}

/// What enters the alert queue is either ours or SES's word by our own topic: nothing else is taken for genuine.
pub(super) fn feedback_is_genuine(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    let resources = &template.0["Resources"];
    let one = |id: &str| match resources[id]["Properties"]["PolicyDocument"]["Statement"].as_array() {
        Some(all) if all.len() == 1 => all[0].clone(),
        _ => Value::Null,
    };
    let (queue, topic) = (one("AlertsQueuePolicy"), one("MailFeedbackTopicPolicy"));
    let must = [
        ("the queue lets in more than SNS", queue["Principal"]["Service"] == "sns.amazonaws.com"),
        (
            "the queue lets in other topics",
            text(&queue["Condition"]["ArnEquals"]["aws:SourceArn"]) == "${MailFeedbackTopic}",
        ),
        ("the topic hears more than SES", topic["Principal"]["Service"] == "ses.amazonaws.com"),
        (
            "the topic hears other accounts",
            text(&topic["Condition"]["StringEquals"]["AWS:SourceAccount"]) == "${AWS::AccountId}",
        ),
        (
            "the topic hears other configuration sets",
            text(&topic["Condition"]["StringEquals"]["AWS:SourceArn"]).ends_with("${MailConfigurationSet}"),
        ),
        (
            "feedback comes wrapped, as its reader does not expect",
            resources["MailFeedbackSubscription"]["Properties"]["RawMessageDelivery"] == true,
        ),
    ];
    wrong.extend(must.iter().filter(|(_, holds)| !holds).map(|(what, _)| (*what).to_owned()));
    for kind in ["AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"] {
        let others = template.of_type(kind).into_iter().map(|(id, _)| id);
        let others = others.filter(|id| {
            !["AlertsQueuePolicy", "MailFeedbackTopicPolicy", "AmazonNotificationsPolicy"].contains(id)
        });
        wrong.extend(others.map(|id| format!("{id}: another way in")));
    }
    wrong
}

/// Into Amazon's queue nobody writes but Amazon, and nobody reads but who knows that it is Amazon's word.
pub(super) fn amazon_alone_may_enter(template: &Template) -> Vec<String> {
    let policy = &template.0["Resources"]["AmazonNotificationsPolicy"]["Properties"];
    let one = match policy["PolicyDocument"]["Statement"].as_array() {
        Some(all) if all.len() == 1 => all[0].clone(),
        _ => Value::Null,
    };
    let sender = "arn:${AWS::Partition}:iam::437568002678:root";
    let reader = "${AmazonNotifications.Arn}";
    let told = |name: &str| {
        let functions: BTreeMap<_, _> = template.functions().into_iter().collect();
        functions
            .get(name)
            .map(|f| text(&f["Environment"]["Variables"]["AMAZON_QUEUE_ARN"]))
            .unwrap_or_default()
    };
    let must = [
        ("Amazon's queue lets in somebody else", texts(&one["Principal"]["AWS"]) == [sender]),
        (
            "Amazon needs these two actions, and no other",
            texts(&one["Action"]) == ["sqs:SendMessage", "sqs:GetQueueAttributes"],
        ),
        ("Amazon may enter another queue", texts(&one["Resource"]) == [reader]),
        ("its policy is another queue's", texts(&policy["Queues"]) == ["${AmazonNotifications}"]),
        ("its reader takes its messages for ours", told("sync-order") == reader),
    ];
    let mut wrong: Vec<String> =
        must.iter().filter(|(_, holds)| !holds).map(|(what, _)| (*what).to_owned()).collect();
    for (name, _) in template.functions() {
        let sends = grants(template, name).contains(&("sqs:SendMessage".to_owned(), reader.to_owned()));
        wrong.extend(sends.then(|| format!("{name}: may write what passes for Amazon's word")));
    }
    wrong
}
