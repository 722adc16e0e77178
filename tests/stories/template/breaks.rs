//! Each rule, broken: the table that shows that it bites.

use serde_json::{Value, json};

use super::load::Template;

/// A way to break one rule: the rule, a place in the template, what is put there (null: taken away), and what
/// the rule must say.
pub(super) type Break = (&'static str, &'static str, Value, &'static str);

/// Where a role's statement of this name stands.
fn statement_of(role: &str, sid: &str) -> &'static str {
    let statements = format!("/Resources/{role}/Properties/Policies/0/PolicyDocument/Statement");
    let template = Template::deployed();
    let all = template.0.pointer(&statements).unwrap().as_array().unwrap();
    let index = all.iter().position(|statement| statement["Sid"] == sid).unwrap();
    String::leak(format!("{statements}/{index}"))
}

pub(super) fn all() -> Vec<Break> {
    let first = "/Resources/SyncOrderRole/Properties/Policies/0/PolicyDocument/Statement/0";
    assert!(Template::deployed().0.pointer(first).is_some());
    let sync = "/Resources/SyncOrderRole/Properties/Policies/0/PolicyDocument/Statement/0/Action";
    let sync_on = "/Resources/SyncOrderRole/Properties/Policies/0/PolicyDocument/Statement/0/Resource";
    let receiver_on =
        "/Resources/ReceiveStoreWebhookRole/Properties/Policies/0/PolicyDocument/Statement/1/Action";
    let receiver_secrets =
        "/Resources/ReceiveStoreWebhookRole/Properties/Policies/0/PolicyDocument/Statement/2/Resource";
    let seals = statement_of("SyncOrderRole", "SealAndOpenTokens");
    let via_dynamodb = statement_of("SyncOrderRole", "UseCredentials");
    let notified = statement_of("ReceiveMarketplaceNotificationRole", "ReadWebhookSecrets");
    let sends = statement_of("SweepRole", "LookAgainAndTell");
    let mails = statement_of("SendAlertsRole", "Mail");
    let enters = "/Resources/AmazonNotificationsPolicy/Properties/PolicyDocument/Statement/0";
    let trust = "/Resources/SweepRole/Properties/AssumeRolePolicyDocument/Statement/0/Principal";
    let inbound = "/Resources/SyncOrder/Properties/Events/Inbound/Properties";
    let at = |base: &str, rest: &str| -> &'static str { String::leak(format!("{base}{rest}")) };
    vec![
        (
            "own role",
            "/Resources/Sweep/Properties/Role",
            json!({ "Fn::GetAtt": ["SyncOrderRole", "Arn"] }),
            "shares SyncOrderRole",
        ),
        ("own role", "/Resources/Sweep/Properties/Role", Value::Null, "no role of its own"),
        (
            "own role",
            "/Resources/Sweep/Properties/Role",
            json!({ "Fn::GetAtt": ["Gone", "Arn"] }),
            "no role of ours",
        ),
        ("own role", "/Resources/Sweep/Properties/Policies", json!(["AWSLambdaExecute"]), "outside its role"),
        ("own role", trust, json!({ "Service": "ec2.amazonaws.com" }), "somebody else than Lambda"),
        ("own role", "/Resources/Spare", json!({ "Type": "AWS::IAM::Role" }), "is no function's role"),
        (
            "written out",
            "/Resources/SweepRole/Properties/ManagedPolicyArns",
            json!(["arn:aws:iam::aws:policy/AdministratorAccess"]),
            "managed policy",
        ),
        ("written out", "/Resources/More", json!({ "Type": "AWS::IAM::Policy" }), "grants elsewhere"),
        (
            "written out",
            "/Resources/More",
            json!({ "Type": "AWS::Serverless::Connector" }),
            "grants elsewhere",
        ),
        ("exact actions", sync, json!("*"), "is not exact"),
        ("exact actions", sync, json!(["sqs:ReceiveMessage", "dynamodb:*"]), "is not exact"),
        ("exact actions", sync, json!("dynamodb:Get?tem"), "is not exact"),
        ("exact actions", at(first, "/NotAction"), json!("iam:PassRole"), "does not name"),
        (
            "exact actions",
            "/Resources/Sweep/Properties/Policies",
            json!([{ "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::x" }] }]),
            "action * is not exact",
        ),
        ("exact resources", sync_on, json!("*"), "is not exact"),
        ("exact resources", sync_on, json!({ "Fn::Sub": "${OrdersTable.Arn}/index/*" }), "is not exact"),
        ("exact resources", sync_on, json!({ "Fn::Sub": "arn:aws:sqs:${AWS::Region}:1:*" }), "is not exact"),
        ("exact resources", sync_on, json!({ "Fn::Join": ["", ["arn:aws:sqs:", "*"]] }), "is not exact"),
        (
            "exact resources",
            sync_on,
            json!({ "Fn::If": ["C", { "Fn::GetAtt": ["A", "Arn"] }, "*"] }),
            "is not exact",
        ),
        ("exact resources", sync_on, Value::Null, "names no resource"),
        (
            "exact resources",
            "/Resources/SecretsKey/Properties/KeyPolicy/Statement/0/Sid",
            json!("Renamed"),
            "nobody needs",
        ),
        ("open to all", trust, json!("*"), "open to all"),
        ("open to all", trust, json!({ "AWS": ["*"] }), "open to all"),
        (
            "open to all",
            "/Resources/ReceiveStoreWebhookInvokePermission/Properties/InvokedViaFunctionUrl",
            Value::Null,
            "open to all",
        ),
        (
            "open to all",
            "/Resources/ReceiveStoreWebhookUrlPermission/Properties/FunctionUrlAuthType",
            json!("AWS_IAM"),
            "open to all",
        ),
        (
            "url permissions",
            "/Resources/ReceiveStoreWebhookInvokePermission",
            Value::Null,
            "lacks lambda:InvokeFunction,",
        ),
        (
            "url permissions",
            "/Resources/ReceiveStoreWebhookUrlPermission",
            Value::Null,
            "lacks lambda:InvokeFunctionUrl",
        ),
        (
            "url permissions",
            "/Resources/Sweep/Properties/FunctionUrlConfig",
            json!({ "AuthType": "NONE" }),
            "not written out",
        ),
        (
            "receiver",
            receiver_on,
            json!(["dynamodb:PutItem", "dynamodb:Scan"]),
            "dynamodb:Scan on ${DeliveriesTable.Arn}",
        ),
        ("receiver", receiver_on, json!("dynamodb:UpdateItem"), "dynamodb:PutItem on ${DeliveriesTable.Arn}"),
        (
            "dear to few",
            sync_on,
            json!({ "Fn::GetAtt": ["WebhookSecretsTable", "Arn"] }),
            "sync-order: must not have",
        ),
        ("dear to few", sync, json!(["ses:SendEmail"]), "sync-order: must not have ses:SendEmail"),
        (
            "dear to few",
            "/Resources/SendAlertsRole/Properties/Policies/0/PolicyDocument/Statement/4/Condition",
            Value::Null,
            "lacks the condition ses:FromAddress",
        ),
        (
            "dear to few",
            "/Resources/ReceiveStoreWebhookRole/Properties/Policies/0/PolicyDocument/Statement/3/Condition",
            Value::Null,
            "lacks the condition kms:ViaService",
        ),
        (
            "dear to few",
            at(seals, "/Condition/StringEquals/kms:EncryptionContext:purpose"),
            json!("anything"),
            "another purpose",
        ),
        ("dear to few", at(seals, "/Condition/Null"), Value::Null, "seals without a connection"),
        (
            "dear to few",
            at(seals, "/Condition/ForAllValues:StringEquals"),
            Value::Null,
            "other words in the context",
        ),
        ("dear to few", at(seals, "/Action"), json!(["kms:Decrypt", "kms:Encrypt"]), "may do more"),
        ("dear to few", at(seals, "/Condition"), Value::Null, "lacks the condition kms:ViaService"),
        (
            "apart",
            receiver_secrets,
            json!([{ "Fn::GetAtt": ["WebhookSecretsTable", "Arn"] }, { "Fn::GetAtt": ["CredentialsTable", "Arn"] }]),
            "receive-store-webhook: reaches both",
        ),
        (
            "apart",
            at(via_dynamodb, "/Condition/StringEquals/kms:EncryptionContext:aws:dynamodb:tableName"),
            json!({ "Fn::Sub": "${AWS::StackName}-webhook-secrets" }),
            "sync-order: may use the key for ${AWS::StackName}-webhook-secrets",
        ),
        (
            "apart",
            "/Resources/ReceiveStoreWebhookRole/Properties/Policies/0/PolicyDocument/Statement/3/Condition",
            json!({ "StringEquals": { "kms:EncryptionContext:purpose": "marketplace-tokens" } }),
            "receive-store-webhook: may open tokens",
        ),
        (
            "apart",
            "/Resources/SyncOrder/Properties/Environment/Variables/KMS_ARN",
            Value::Null,
            "sync-order: is told or granted",
        ),
        ("feedback", "/Resources/AlertsQueuePolicy", Value::Null, "lets in more than SNS"),
        (
            "feedback",
            "/Resources/AlertsQueuePolicy/Properties/PolicyDocument/Statement/0/Condition",
            Value::Null,
            "lets in other topics",
        ),
        (
            "feedback",
            "/Resources/MailFeedbackTopicPolicy/Properties/PolicyDocument/Statement/0/Condition",
            Value::Null,
            "hears other accounts",
        ),
        (
            "feedback",
            "/Resources/MailFeedbackSubscription/Properties/RawMessageDelivery",
            json!(false),
            "comes wrapped",
        ),
        ("feedback", "/Resources/More", json!({ "Type": "AWS::SQS::QueuePolicy" }), "another way in"),
        (
            "receiver",
            at(notified, "/Resource"),
            json!([{ "Fn::GetAtt": ["WebhookSecretsTable", "Arn"] }, { "Fn::GetAtt": ["ConnectionsTable", "Arn"] }]),
            "receive-marketplace-notification: dynamodb:GetItem on ${ConnectionsTable.Arn}",
        ),
        ("amazon", "/Resources/AmazonNotificationsPolicy", Value::Null, "lets in somebody else"),
        ("amazon", at(enters, "/Principal"), json!({ "AWS": "*" }), "lets in somebody else"),
        ("amazon", at(enters, "/Action"), json!("sqs:SendMessage"), "these two actions"),
        (
            "amazon",
            at(enters, "/Resource"),
            json!({ "Fn::GetAtt": ["InboundQueue", "Arn"] }),
            "may enter another queue",
        ),
        (
            "amazon",
            "/Resources/SyncOrder/Properties/Environment/Variables/AMAZON_QUEUE_ARN",
            json!({ "Fn::GetAtt": ["InboundQueue", "Arn"] }),
            "takes its messages for ours",
        ),
        (
            "amazon",
            at(sends, "/Resource"),
            json!({ "Fn::GetAtt": ["AmazonNotifications", "Arn"] }),
            "sweep: may write what passes for Amazon's word",
        ),
        ("deployed", "/Resources/Sweep", Value::Null, "sweep: only in one"),
        ("plain functions", "/Globals/Function/Timeout", json!(900), "Globals"),
        ("plain functions", "/Globals/Function/Policies", json!(["AmazonSQSFullAccess"]), "Globals"),
        ("plain functions", "/Resources/SweepLogs/Properties/RetentionInDays", Value::Null, "for ever"),
        ("plain functions", "/Resources/Sweep/Properties/LoggingConfig", Value::Null, "for ever"),
        ("plain functions", "/Resources/Sweep/Properties/Tracing", json!("Active"), "has Tracing"),
        (
            "executions",
            "/Resources/Sweep/Properties/ReservedConcurrentExecutions",
            json!(1),
            "Sweep: reserves executions unasked",
        ),
        (
            "executions",
            "/Resources/ReceiveStoreWebhook/Properties/ReservedConcurrentExecutions",
            json!({ "Ref": "ReceiverLimit" }),
            "ReceiveStoreWebhook: reserves executions unasked",
        ),
        (
            "executions",
            "/Resources/ReceiveMarketplaceNotification/Properties/ReservedConcurrentExecutions",
            Value::Null,
            "nothing can bound it",
        ),
        ("executions", "/Parameters/ReceiverLimit/Default", json!(5), "reserves executions unasked"),
        ("executions", "/Conditions/ReceiversAreLimited", json!({}), "reserves executions unasked"),
        ("executions", "/Parameters/OrderWorkers/Default", json!(4), "leave the receivers of a new account"),
        ("version", "/Outputs/Version", Value::Null, "the stack says"),
        (
            "mail",
            at(mails, "/Resource/0"),
            json!({ "Fn::If": ["MailFromDomain", { "Ref": "AWS::NoValue" }, { "Fn::Sub": "…:identity/${MailFrom}" }] }),
            "by the address's own identity",
        ),
        ("mail", at(mails, "/Resource"), json!("arn:aws:ses:::identity/x"), "by its domain's"),
        (
            "secrets",
            "/Resources/SyncOrder/Properties/Environment/Variables/LWA_CLIENT_SECRET",
            json!("x"),
            "no place in its environment",
        ),
        (
            "secrets",
            "/Resources/SyncOrder/Properties/Environment/Variables/LOG_LEVEL",
            json!("{{resolve:secretsmanager:x}}"),
            "resolved into the template",
        ),
        ("secrets", "/Parameters/ShopifySecret", json!({ "Type": "String", "NoEcho": true }), "by parameter"),
        ("secrets", "/Outputs/Token", json!({ "Value": "x" }), "may tell a secret"),
        ("batches", at(inbound, "/FunctionResponseTypes"), Value::Null, "fails its whole batch"),
        ("batches", at(inbound, "/ScalingConfig"), Value::Null, "nothing bounds"),
        ("batches", "/Parameters/OrderWorkers/MinValue", json!(1), "nothing bounds"),
        ("batches", at(inbound, "/BatchSize"), json!(100), "not of 1 to 10"),
        (
            "batches",
            "/Resources/Mapping",
            json!({ "Type": "AWS::Lambda::EventSourceMapping", "Properties": { "BatchSize": 10 } }),
            "Mapping: one bad record",
        ),
        ("queues", "/Resources/InboundQueue/Properties/RedrivePolicy", Value::Null, "no dead-letter queue"),
        ("queues", "/Resources/InboundQueue/Properties/VisibilityTimeout", json!(360), "visibility of 361 s"),
        ("queues", "/Resources/InboundQueue/Properties/RedrivePolicy/maxReceiveCount", json!(1), "too soon"),
        (
            "queues",
            "/Resources/InboundDeadLetters/Properties/MessageRetentionPeriod",
            json!(604_800),
            "forgets",
        ),
        ("queues", "/Resources/InboundQueue/DeletionPolicy", json!("Retain"), "does not outlive its stack"),
        (
            "queues",
            "/Resources/AlertsQueue/Properties/SqsManagedSseEnabled",
            json!(false),
            "is not encrypted",
        ),
        ("queues", "/Resources/AlertsQueue/Properties/FifoQueue", json!(true), "not a standard queue"),
        ("queues", "/Resources/SendAlerts/Properties/Events", Value::Null, "AlertsQueue: nobody reads it"),
        (
            "tables",
            "/Resources/OrdersTable/Properties/PointInTimeRecoverySpecification",
            Value::Null,
            "recovery",
        ),
        ("tables", "/Resources/DeliveriesTable/Properties/SSESpecification", Value::Null, "not encrypted"),
        (
            "tables",
            "/Resources/CredentialsTable/Properties/SSESpecification/KMSMasterKeyId",
            Value::Null,
            "not under the secrets' key",
        ),
        ("tables", "/Resources/OrdersTable/DeletionPolicy", Value::Null, "does not outlive"),
        ("tables", "/Resources/OrdersTable/Properties/BillingMode", json!("PROVISIONED"), "not on demand"),
        ("tables", "/Resources/RateLimitsTable", Value::Null, "rate-limits: only in one"),
        ("tables", "/Resources/SecretsKey/Properties/EnableKeyRotation", json!(false), "is not rotated"),
        (
            "tables",
            "/Resources/OrdersTable/Properties/GlobalSecondaryIndexes/0/Projection/ProjectionType",
            json!("ALL"),
            "other indexes",
        ),
        (
            "tables",
            "/Resources/DeliveriesTable/Properties/GlobalSecondaryIndexes",
            Value::Null,
            "other indexes",
        ),
        ("tables", "/Resources/CredentialsTable/Properties/KeySchema", json!([]), "other keys"),
        (
            "tables",
            "/Resources/OrdersTable/Properties/AttributeDefinitions/3",
            json!({ "AttributeName": "due_at", "AttributeType": "N" }),
            "no strings",
        ),
        ("tables", "/Resources/OrdersTable/Properties/TimeToLiveSpecification", Value::Null, "forgets"),
        (
            "tables",
            "/Resources/OrdersTable/Properties/TimeToLiveSpecification/AttributeName",
            json!("ttl"),
            "another attribute",
        ),
        (
            "wired",
            "/Resources/SyncOrder/Properties/Environment/Variables/ALERTS_QUEUE_URL",
            Value::Null,
            "${AlertsQueue.Arn} is granted or addressed",
        ),
        ("wired", sync, json!(["sqs:ReceiveMessage", "sqs:GetQueueAttributes"]), "sqs:DeleteMessage on"),
        (
            "watched",
            "/Resources/InboundAgeAlarm",
            Value::Null,
            "AgeOfOldestMessage ${InboundQueue.QueueName}",
        ),
        ("watched", "/Resources/AlertsDeadLettersAlarm", Value::Null, "${AlertsDeadLetters.QueueName}"),
        ("watched", "/Resources/SweepErrorsAlarm", Value::Null, "AWS/Lambda Errors ${Sweep}"),
        ("watched", "/Resources/SweepStoppedAlarm", Value::Null, "AWS/Lambda Invocations ${Sweep}"),
        ("watched", "/Resources/ClockSkewAlarm/Properties/MetricName", json!("skew"), "watches Parcelwire/"),
        (
            "watched",
            "/Resources/More",
            json!({ "Type": "AWS::SQS::Queue", "Properties": { "RedrivePolicy": {} } }),
            "AgeOfOldestMessage ${More.QueueName}",
        ),
        ("heard", "/Resources/SweepErrorsAlarm/Properties/AlarmActions", Value::Null, "tells nobody"),
        (
            "heard",
            "/Resources/ThrottlesAlarm/Properties/TreatMissingData",
            Value::Null,
            "when nothing happens",
        ),
        (
            "heard",
            "/Resources/SweepStoppedAlarm/Properties/TreatMissingData",
            json!("notBreaching"),
            "says nothing when nothing happens",
        ),
        (
            "heard",
            "/Resources/ThrottlesAlarm/Properties/AlarmDescription",
            json!("x See docs/operations/alarms/clock-skew.md"),
            "no runbook names it",
        ),
        ("logs end", "/Resources/SweepLogs/Properties/RetentionInDays", Value::Null, "kept for ever"),
        ("logs end", "/Resources/SweepLogs", Value::Null, "not one log group per function"),
    ]
}
