//! The connections of the stories, as their settings say.

use domain::connection::{Connection, LinkFrom, LinkRule, MailSettings, Timing};

use super::{ATTRIBUTE, SHOP, account};

pub(crate) fn amazon_connection(id: &str) -> Connection {
    Connection {
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        reversals: domain::reversal::Reversals::default(),
        schema: Connection::SCHEMA,
        account: account(id),
        kind: "amazon".into(),
        sync: true,
        options: [("region".to_owned(), "na".to_owned())].into(),
        base_url: Some("http://amazon.test".into()),
        link: vec![],
        mail: MailSettings { to: vec!["merchant@example.com".into()], ..MailSettings::default() },
        time_zone: "America/New_York".into(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
    }
}

pub(crate) fn shopify_connection() -> Connection {
    Connection {
        account: account("shop"),
        kind: "shopify".into(),
        options: [("shop".to_owned(), SHOP.to_owned())].into(),
        base_url: Some("http://shopify.test".into()),
        link: ["amazon-us", "amazon-two"]
            .iter()
            .map(|id| LinkRule {
                from: LinkFrom::NoteAttribute { name: ATTRIBUTE.into() },
                account: (*id).try_into().unwrap(),
                source_name: Some((*id).to_owned()),
            })
            .collect(),
        ..amazon_connection("shop")
    }
}
