//! `track`: whose a tracking number may be.

use carriers::Carrier;
use carriers::number::{Candidate, Role, Strength, candidates};
use serde::Serialize;

use super::Out;
use super::output::{or_dash, table, wrapped};

/// What `track` prints.
#[derive(Debug, Serialize)]
struct Tracked<'a> {
    number: &'a str,
    candidates: Vec<Row>,
}

/// Somebody whose number it may be.
#[derive(Debug, Serialize)]
struct Row {
    carrier: &'static str,
    format: &'static str,
    strength: Strength,
    service: Option<&'static str>,
    partners: Vec<PartnerRow>,
    /// The carrier's name, for people.
    #[serde(skip)]
    title: String,
}

#[derive(Debug, Serialize)]
struct PartnerRow {
    carrier: &'static str,
    role: Role,
    #[serde(skip)]
    title: &'static str,
}

impl From<Candidate> for Row {
    fn from(candidate: Candidate) -> Self {
        let Candidate { carrier, format, strength, service, operator, partners, .. } = candidate;
        let title = match (carrier, operator) {
            (Carrier::OtherPost, Some(operator)) => operator.to_owned(),
            _ => carrier.title().to_owned(),
        };
        let partners = partners.iter().map(|partner| PartnerRow {
            carrier: partner.carrier.id(),
            role: partner.role,
            title: partner.carrier.title(),
        });
        Self { carrier: carrier.id(), format, strength, service, partners: partners.collect(), title }
    }
}

/// Prints every carrier whose format the number fits, strongest first; that there is none is an answer too.
pub(super) fn track(number: &str, out: &mut Out) {
    let found = Tracked { number, candidates: candidates(number).into_iter().map(Row::from).collect() };
    out.answer(&found, |width| {
        if found.candidates.is_empty() {
            let nobody = format!("{number} has the form of no carrier's number that is known.");
            return wrapped(&nobody, width).join("\n");
        }
        let rows: Vec<Vec<String>> = found.candidates.iter().map(cells).collect();
        table(&["carrier", "format", "strength", "service", "with"], &rows, width)
    });
}

fn cells(row: &Row) -> Vec<String> {
    let partners: Vec<&str> = row.partners.iter().map(|partner| partner.title).collect();
    vec![
        row.title.clone(),
        row.format.to_owned(),
        row.strength.name().to_owned(),
        or_dash(row.service),
        or_dash(Some(&partners.join(", "))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(json: bool, number: &str) -> String {
        let mut out = Out::kept(json, 100);
        track(number, &mut out);
        out.take()
    }

    #[test]
    fn json_has_exactly_these_fields() {
        let told: Value = serde_json::from_str(&said(true, "1z jba2yw yw 5269 1345")).unwrap();
        assert_eq!(
            told,
            json!({
                "number": "1z jba2yw yw 5269 1345",
                "candidates": [{
                    "carrier": "ups",
                    "format": "ups",
                    "strength": "checksum",
                    "service": "UPS SurePost - Delivered by the USPS",
                    "partners": [{ "carrier": "usps", "role": "carrier" }],
                }],
            })
        );
        let none: Value = serde_json::from_str(&said(true, "see note")).unwrap();
        assert_eq!(none, json!({ "number": "see note", "candidates": [] }));
    }

    #[test]
    fn people_read_names_strengths_and_who_else_is_in_it() {
        let text = said(false, "9302520345600719282547");
        assert!(text.contains("USPS") && text.contains("usps_impb_c") && text.contains("checksum"), "{text}");
        assert!(text.contains("UPS Mail Innovations"), "{text}");
        assert!(said(false, "EV493550879CV").contains("Correios de Cabo Verde"));
        assert!(said(false, "see note").contains("see note has the form of no carrier's number"));
    }
}
