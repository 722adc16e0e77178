//! The rules of `template.yaml`: linters let a wildcard in a policy pass, these do not.

mod alarms;
mod breaks;
pub(crate) mod grants;
pub(crate) mod load;
mod services;

use serde_json::{Value, json};

use load::Template;

/// Returns what is wrong, in words; nothing if the rule is kept.
type Rule = fn(&Template) -> Vec<String>;

const RULES: [(&str, Rule); 24] = [
    ("own role", grants::each_function_has_its_own_role),
    ("written out", grants::policies_are_written_out),
    ("exact actions", grants::actions_are_exact),
    ("exact resources", grants::resources_are_exact),
    ("open to all", grants::only_urls_are_open_to_all),
    ("url permissions", grants::urls_have_both_permissions),
    ("receiver", grants::receivers_are_granted_this_alone),
    ("dear to few", grants::what_is_dear_is_granted_to_few),
    ("apart", grants::secrets_are_apart),
    ("feedback", grants::feedback_is_genuine),
    ("amazon", grants::amazon_alone_may_enter),
    ("deployed", services::every_function_is_deployed),
    ("plain functions", services::functions_are_plain),
    ("executions", services::executions_are_shared),
    ("version", services::the_version_is_told),
    ("mail", grants::mail_is_granted_as_ses_asks),
    ("secrets", services::nothing_secret_is_in_the_open),
    ("batches", services::batches_fail_by_record),
    ("queues", services::queues_lose_nothing),
    ("tables", services::tables_are_the_ledgers_and_safe),
    ("wired", services::what_is_wired_is_granted),
    ("watched", alarms::everything_is_watched),
    ("heard", alarms::alarms_are_heard),
    ("logs end", alarms::no_log_is_kept_for_ever),
];

fn broken_rules(template: &Template) -> Vec<(&'static str, Vec<String>)> {
    RULES.iter().map(|(name, rule)| (*name, rule(template))).filter(|(_, wrong)| !wrong.is_empty()).collect()
}

#[test]
fn the_template_keeps_every_rule() {
    assert_eq!(broken_rules(&Template::deployed()), []);
}

/// Puts `value` at `pointer`, or takes away what is there.
fn change(template: &mut Template, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = template.0.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent} to break"));
    match parent {
        Value::Array(values) => *values.get_mut(key.parse::<usize>().unwrap()).unwrap() = value,
        Value::Object(map) if value.is_null() => {
            assert!(map.remove(key).is_some(), "{pointer}: nothing to take away");
        }
        Value::Object(map) => drop(map.insert(key.to_owned(), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            panic!("{pointer}: no place to put something")
        }
    }
}

#[test]
fn every_rule_catches_what_breaks_it() {
    let breaks = breaks::all();
    for (rule, pointer, value, says) in &breaks {
        let mut template = Template::deployed();
        change(&mut template, pointer, value.clone());
        let broken = broken_rules(&template);
        let said =
            broken.iter().find(|(name, _)| name == rule).map_or(&[][..], |(_, wrong)| wrong.as_slice());
        assert!(
            said.iter().any(|wrong| wrong.contains(says)),
            "{rule}: {pointer} := {value} gave {broken:?}"
        );
    }
    for (rule, _) in RULES {
        assert!(breaks.iter().any(|(name, ..)| *name == rule), "{rule}: nothing shows that it bites");
    }
}

#[test]
fn short_and_long_tags_read_alike() {
    let short = Template::parse("a: !GetAtt B.C.D\nb: !Sub \"${X}-y\"\nc: !Ref Z\nd: !If [C, !Ref A, \"\"]");
    let long = Template::parse(
        "a: { Fn::GetAtt: B.C.D }\nb: { Fn::Sub: \"${X}-y\" }\nc: { Ref: Z }\nd: { Fn::If: [C, { Ref: A }, \"\"] }",
    );
    assert_eq!(short.0, long.0);
    assert_eq!(short.0["a"], json!({ "Fn::GetAtt": ["B", "C.D"] }));
}
