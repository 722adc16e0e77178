//! Which secrets a connection must bring: exactly one of several sets of names.
//!
//! Most connectors know one set. A store whose older apps hold a lasting token and whose newer ones hold credentials that
//! fetch tokens knows two, and half of one beside the other would leave open which counts.

/// What is wrong with the secrets that were given, put to the name of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretProblem {
    /// The secret's name.
    pub name: &'static str,
    /// What is wrong with it, to be read after its name.
    pub words: String,
}

/// What is wrong where a connection of `kind` must bring exactly one of `sets`, which have no name in common.
///
/// Names that no set has are not looked at: who else may want them is not known here.
#[must_use]
pub fn problems(kind: &str, sets: &[&[&'static str]], given: impl Fn(&str) -> bool) -> Vec<SecretProblem> {
    let begun: Vec<&[&'static str]> =
        sets.iter().copied().filter(|set| set.iter().any(|name| given(name))).collect();
    let missing = |set: &[&'static str], words: &str| -> Vec<SecretProblem> {
        let absent = set.iter().filter(|name| !given(name));
        absent.map(|name| SecretProblem { name, words: words.to_owned() }).collect()
    };
    match (sets, begun.as_slice()) {
        ([], _) => Vec::new(),
        ([only], _) => missing(only, &format!("is missing: a {kind} connection needs it")),
        ([first, ..], []) => {
            let words = format!("is missing: a {kind} connection needs {}", either(sets));
            first.first().map(|name| SecretProblem { name, words }).into_iter().collect()
        }
        (_, [one]) => {
            let there: Vec<&str> = one.iter().copied().filter(|name| given(name)).collect();
            missing(one, &format!("is missing: it goes with {}", all_of(&there)))
        }
        (_, [before @ .., last]) => {
            let of =
                |set: &[&'static str]| set.iter().copied().filter(|name| given(name)).collect::<Vec<_>>();
            let others: Vec<&str> = before.iter().flat_map(|set| of(set)).collect();
            let words = format!(
                "cannot be given beside {}: a {kind} connection brings {}, never both",
                all_of(&others),
                either(sets)
            );
            of(last).first().map(|name| SecretProblem { name, words }).into_iter().collect()
        }
    }
}

/// `` `a` and `b` ``
fn all_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(" and ")
}

/// `` either `a` and `b`, or `c` ``
fn either(sets: &[&[&'static str]]) -> String {
    let sets: Vec<String> = sets.iter().map(|set| all_of(set)).collect();
    format!("either {}", sets.join(", or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sets: &[&[&'static str]], given: &[&str]) -> Vec<String> {
        let problems = problems("shop", sets, |name| given.contains(&name));
        problems.into_iter().map(|problem| format!("{} {}", problem.name, problem.words)).collect()
    }

    #[test]
    fn exactly_one_whole_set_is_right() {
        let one: &[&[&'static str]] = &[&["a", "b"]];
        let two: &[&[&'static str]] = &[&["id", "secret"], &["token"]];
        let none: &[&[&'static str]] = &[];
        for (sets, given, want) in [
            (none, vec![], vec![]),
            (one, vec!["a", "b", "z"], vec![]),
            (one, vec!["b"], vec!["a is missing: a shop connection needs it"]),
            (
                one,
                vec![],
                vec!["a is missing: a shop connection needs it", "b is missing: a shop connection needs it"],
            ),
            (two, vec!["token"], vec![]),
            (two, vec!["id", "secret"], vec![]),
            (
                two,
                vec![],
                vec!["id is missing: a shop connection needs either `id` and `secret`, or `token`"],
            ),
            (two, vec!["id"], vec!["secret is missing: it goes with `id`"]),
            (two, vec!["secret"], vec!["id is missing: it goes with `secret`"]),
            (
                two,
                vec!["id", "secret", "token"],
                vec![
                    "token cannot be given beside `id` and `secret`: a shop connection brings either `id` and \
                     `secret`, or `token`, never both",
                ],
            ),
            (
                two,
                vec!["secret", "token"],
                vec![
                    "token cannot be given beside `secret`: a shop connection brings either `id` and `secret`, or \
                     `token`, never both",
                ],
            ),
        ] {
            assert_eq!(told(sets, &given), want, "{given:?}");
        }
    }
}
