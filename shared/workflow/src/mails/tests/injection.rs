//! Whatever stands in orders, carriers and answers: it stays text.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::samples::{account, digest, many, notice, rejected, resolved};
use crate::mails::{AccountMatter, Letter, Rendered, Stage, render, shell_quoted};
use domain::connection::MailKind;

const ATTACKS: [&str; 12] = [
    "x\r\nBcc: thief@example.com",
    "x\nSubject: other",
    "x\u{2028}y\u{2029}z\u{85}w",
    "abc\u{202e}cba\u{2066}x\u{200f}\u{feff}",
    "<script>alert(1)</script>",
    "</dd></dl><a href=\"https://thief.example\">here</a>",
    "\" onmouseover=\"alert(1)' <!-- <![CDATA[ ]]> &lt;b&gt; &#60;",
    "{{ 7 * 7 }}{% for x in range(9) %}{% endfor %}{# #}",
    "{{ fix }} ${7*7} #{7*7} %0d%0aBcc: x",
    "x\0\u{1b}[31m\u{7}",
    "\u{e0041}\u{e0042}tag\u{ad}hidden",
    "=HYPERLINK(\"https://thief.example\")\t@SUM(1)",
];

fn letters() -> Vec<Letter> {
    vec![
        Letter::Notice(many()),
        Letter::Notice(rejected(Stage::First)),
        Letter::Notice(notice(MailKind::Conflict, Stage::Reminder)),
        Letter::Notice(resolved(MailKind::Unclear)),
        Letter::Digest(digest()),
        Letter::Account(account(AccountMatter::Reconnect, Stage::First)),
        Letter::Account(account(AccountMatter::DeadLetters { count: 2, oldest: None }, Stage::Reminder)),
    ]
}

/// Keys whose values are not free text.
const FIXED: [&str; 8] =
    ["kind", "stage", "matter", "ship_by", "day", "now", "merchant_time_zone", "count_more"];

/// Every path to a free text.
fn paths(json: &Value, here: &str, found: &mut Vec<String>) {
    match json {
        Value::String(_) => found.push(here.to_owned()),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                paths(item, &format!("{here}/{i}"), found);
            }
        }
        Value::Object(map) => {
            for (key, item) in map.iter().filter(|(key, _)| !FIXED.contains(&key.as_str())) {
                paths(item, &format!("{here}/{key}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn with(letter: &Letter, path: &str, text: &str) -> Rendered {
    let mut json = serde_json::to_value(letter).unwrap();
    *json.pointer_mut(path).unwrap() = json!(text);
    render(&serde_json::from_value(json).unwrap()).unwrap()
}

/// The elements of an HTML text, attributes included, without the text between.
fn elements(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|part| part.split_once('>').unwrap().0).collect()
}

/// What a reader of the HTML sees.
fn seen(html: &str) -> String {
    let between: String =
        html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    entities.iter().fold(between, |text, (entity, c)| text.replace(entity, c))
}

/// The same by its own rule, so that the cleaner does not vouch for itself.
fn harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{ad}')
        && !('\u{202a}'..='\u{202e}').contains(&c)
        && !('\u{2066}'..='\u{2069}').contains(&c)
        && !('\u{e0000}'..='\u{e007f}').contains(&c)
}

fn check(path: &str, attack: &str, plain: &Rendered, mail: &Rendered) -> Result<(), TestCaseError> {
    let at = format!("{path} = {attack:?}");
    prop_assert!(mail.subject.chars().count() <= 120, "{} subject {:?}", at, mail.subject);
    prop_assert!(mail.subject.chars().all(|c| matches!(c, ' '..='~')), "{} subject {:?}", at, mail.subject);
    prop_assert_eq!(mail.text.lines().count(), plain.text.lines().count(), "{} adds a line", &at);
    prop_assert!(mail.text.chars().all(|c| c == '\n' || harmless(c)), "{} text {:?}", at, mail.text);
    prop_assert!(mail.html.chars().all(|c| c == '\n' || harmless(c)), "{} html {:?}", at, mail.html);
    prop_assert_eq!(elements(&mail.html), elements(&plain.html), "{} adds an element", &at);
    Ok(())
}

#[test]
fn no_value_becomes_a_header_a_line_an_element_or_a_template() {
    let mut tried = 0;
    for letter in letters() {
        let mut found = Vec::new();
        paths(&serde_json::to_value(&letter).unwrap(), "", &mut found);
        for path in found {
            let plain = with(&letter, &path, "plain");
            for attack in ATTACKS {
                check(&path, attack, &plain, &with(&letter, &path, attack)).unwrap();
                tried += 1;
            }
        }
    }
    assert!(tried > 1_000, "only {tried} tried");
}

#[test]
fn what_is_read_in_html_and_text_is_what_was_said() {
    // Where each is shown; a resolved mail, for one, shows no fix.
    let shown = ["cause", "fix", "carrier_text", "tracking_number", "store_order", "order", "evidence/0"];
    let letter = Letter::Notice(rejected(Stage::First));
    for key in shown.iter().chain(&["their_words", "request_id", "marketplace"]) {
        for text in [
            "<b>R&D</b> \"quoted\" 'single' a/b {{ x }} {% y %} &amp; ümläut 漢字",
            "<script>alert(1)</script>",
            "{{ 7 * 7 }}",
        ] {
            let mail = with(&letter, &format!("/notice/rows/0/{key}"), text);
            assert!(mail.text.contains(text), "{key}: {}", mail.text);
            assert!(seen(&mail.html).contains(text), "{key}: {}", mail.html);
        }
    }
}

#[test]
fn mails_hold_no_link_and_load_nothing() {
    for letter in letters() {
        let html = render(&letter).unwrap().html;
        for word in ["href", "src=", "<a", "<img", "<link", "<script", "url(", "http:", "https:", "@import"] {
            assert!(!html.contains(word), "{word} in {html}");
        }
    }
}

#[test]
fn every_open_order_says_how_to_do_without_us_and_a_resolved_one_does_not() {
    for kind in MailKind::ALL {
        for stage in [Stage::First, Stage::Reminder] {
            let mail = render(&Letter::Notice(notice(kind, stage))).unwrap();
            for form in [&mail.text, &mail.html] {
                assert!(form.contains("by hand before 18:00; "), "{form}");
                // No read tells of a refund.
                assert_eq!(
                    form.contains("we will notice and stand down."),
                    kind != MailKind::Reversal,
                    "{form}"
                );
                assert!(form.contains("3 h 20 min left: ship-by today 18:00 (Europe"), "{form}");
            }
        }
        let mail = render(&Letter::Notice(resolved(kind))).unwrap();
        for form in [&mail.text, &mail.html] {
            assert!(!form.contains("by hand") && !form.contains("parcelwire map"), "{form}");
        }
    }
}

#[test]
fn long_values_are_bounded() {
    let letter = Letter::Notice(rejected(Stage::First));
    let mail = with(&letter, "/notice/rows/0/their_words", &"x ".repeat(100_000));
    assert!(mail.text.len() < 6_000, "{} bytes", mail.text.len());
    assert!(mail.text.contains('…'));
    let mail = with(&letter, "/notice/rows/0/order", &"9".repeat(100_000));
    assert!(mail.subject.len() <= 120, "{}", mail.subject);
}

#[test]
fn texts_in_commands_stay_one_word_of_the_command() {
    for (text, want) in [
        ("DHL", "DHL"),
        ("Deutsche Post", "'Deutsche Post'"),
        ("O'Neil", r"'O'\''Neil'"),
        ("a; rm -rf ~", "'a; rm -rf ~'"),
        ("$(reboot)`reboot`", "'$(reboot)`reboot`'"),
        ("a\nreboot", "'a reboot'"),
        ("--unlisted", "'--unlisted'"),
        ("", "''"),
        ("~root", "'~root'"),
    ] {
        assert_eq!(shell_quoted(text), want);
    }
}

proptest! {
    #[test]
    fn any_text_in_any_place_stays_text(which in 0..7usize, place in 0..200usize, text in "(?s).{0,80}") {
        let letter = &letters()[which];
        let mut found = Vec::new();
        paths(&serde_json::to_value(letter).unwrap(), "", &mut found);
        let path = &found[place % found.len()];
        // A text of which nothing can be seen is left out with its label, so compare with a seen one.
        let text = format!("a{text}");
        check(path, &text, &with(letter, path, "plain"), &with(letter, path, &text))?;
    }

    #[test]
    fn quoted_texts_read_back_in_a_shell(text in "[ -~]{0,40}") {
        // A reader of POSIX quoting: single quotes take everything, a backslash takes the next.
        let quoted = shell_quoted(&text);
        let mut read = String::new();
        let mut inside = false;
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            match c {
                '\'' => inside = !inside,
                '\\' if !inside => read.extend(chars.next()),
                _ => {
                    prop_assert!(inside || c.is_ascii_alphanumeric() || "-_./:@%+=".contains(c));
                    read.push(c);
                }
            }
        }
        prop_assert!(!inside);
        prop_assert_eq!(read, text.trim());
    }
}
