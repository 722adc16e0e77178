use super::*;

#[test]
fn ids_and_titles_are_unique_and_ids_read_back() {
    let mut ids = std::collections::BTreeSet::new();
    let mut titles = std::collections::BTreeSet::new();
    for carrier in Carrier::ALL {
        assert!(ids.insert(carrier.id()), "{carrier:?}");
        assert!(titles.insert(carrier.title()), "{carrier:?}");
        let json = serde_json::to_string(carrier).unwrap();
        assert_eq!(json, format!("\"{}\"", carrier.id()));
        assert_eq!(serde_json::from_str::<Carrier>(&json).unwrap(), *carrier);
    }
}
