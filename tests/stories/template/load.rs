//! `template.yaml` as plain JSON, its short tags written out.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

/// The workspace's folder.
pub(crate) fn workspace() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A template, every intrinsic in its long form.
#[derive(Clone)]
pub(crate) struct Template(pub(crate) Value);

impl Template {
    /// The template that is deployed.
    pub(crate) fn deployed() -> Self {
        Self::parse(&std::fs::read_to_string(workspace().join("template.yaml")).unwrap())
    }

    pub(crate) fn parse(text: &str) -> Self {
        Self(plain(serde_yaml_ng::from_str(text).unwrap()))
    }

    /// Resources of one type: logical id and the whole resource.
    pub(crate) fn of_type(&self, kind: &str) -> Vec<(&str, &Value)> {
        let all = self.0["Resources"].as_object().into_iter().flatten();
        all.filter(|(_, r)| r["Type"] == kind).map(|(id, r)| (id.as_str(), r)).collect()
    }

    /// A number, or that of a parameter: the least it may be, and what it is unless somebody says otherwise.
    pub(crate) fn number(&self, value: &Value) -> Option<(u64, u64)> {
        if let Some(number) = value.as_u64() {
            return Some((number, number));
        }
        let parameter = &self.0["Parameters"][value["Ref"].as_str()?];
        Some((parameter["MinValue"].as_u64()?, parameter["Default"].as_u64()?))
    }

    /// The functions, by the name of their folder.
    pub(crate) fn functions(&self) -> Vec<(&str, &Value)> {
        let all = self.of_type("AWS::Serverless::Function");
        all.into_iter().map(|(id, f)| (folder(&f["Properties"]).unwrap_or(id), &f["Properties"])).collect()
    }
}

/// The folder's name in `target/lambda/<name>/`.
fn folder(properties: &Value) -> Option<&str> {
    properties["CodeUri"].as_str()?.strip_prefix("target/lambda/")?.strip_suffix('/')
}

fn plain(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let name = if name == "Ref" || name == "Condition" { name.into() } else { format!("Fn::{name}") };
            intrinsic(name, plain(tagged.value))
        }
        Yaml::Mapping(entries) => {
            let map: Map<_, _> =
                entries.into_iter().map(|(k, v)| (k.as_str().unwrap().to_owned(), plain(v))).collect();
            match map.get("Fn::GetAtt") {
                Some(Value::String(_)) => intrinsic("Fn::GetAtt".into(), map["Fn::GetAtt"].clone()),
                _ => Value::Object(map),
            }
        }
        Yaml::Sequence(values) => values.into_iter().map(plain).collect(),
        Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_) => serde_json::to_value(yaml).unwrap(),
    }
}

fn intrinsic(name: String, value: Value) -> Value {
    let value = match (name.as_str(), value.as_str().and_then(|text| text.split_once('.'))) {
        ("Fn::GetAtt", Some((resource, attribute))) => json!([resource, attribute]),
        _ => value,
    };
    Value::Object(Map::from_iter([(name, value)]))
}

/// Every text that a value may become, references written as in `Fn::Sub`; an unknown intrinsic becomes `?`.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(map) => match map.iter().next() {
            Some((name, Value::String(to))) if name == "Ref" && to == "AWS::NoValue" => Vec::new(),
            Some((name, Value::String(to))) if name == "Ref" => vec![format!("${{{to}}}")],
            Some((name, Value::String(to))) if name == "Fn::Sub" => vec![to.clone()],
            Some((name, Value::Array(to))) if name == "Fn::GetAtt" => {
                vec![format!("${{{}}}", to.iter().flat_map(texts).collect::<Vec<_>>().join("."))]
            }
            Some((name, Value::Array(to))) if name == "Fn::If" => to.iter().skip(1).flat_map(texts).collect(),
            _ => vec!["?".into()],
        },
    }
}

/// The only text of a value, empty if there is none.
pub(crate) fn text(value: &Value) -> String {
    texts(value).into_iter().next().unwrap_or_default()
}

/// Calls `look` for every object inside, with the keys on the way to it.
pub(crate) fn walk<'v>(value: &'v Value, path: &str, look: &mut impl FnMut(&str, &'v Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            look(path, map);
            for (key, inner) in map {
                walk(inner, &format!("{path}/{key}"), look);
            }
        }
        Value::Array(values) => {
            for (index, inner) in values.iter().enumerate() {
                walk(inner, &format!("{path}/{index}"), look);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
