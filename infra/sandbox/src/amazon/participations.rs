//! Where a seller sells: `getMarketplaceParticipations` of sellers v1.

use http::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AmazonSandbox, answer};

/// Marketplaces that a seller of whom nothing else was said sells in.
const USUAL: [&str; 4] = ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1F83G8C2ARO7P", "A1PA6795UKMFR9"];

/// A marketplace that a seller has to do with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participation {
    /// Its id.
    pub id: String,
    /// Whether they sell there.
    #[serde(default = "yes")]
    pub participating: bool,
    /// Whether Amazon has suspended listings of theirs.
    #[serde(default)]
    pub suspended: bool,
}

fn yes() -> bool {
    true
}

impl Participation {
    /// Sells there.
    #[must_use]
    pub fn active(id: &str) -> Self {
        Self { id: id.to_owned(), participating: true, suspended: false }
    }
}

impl AmazonSandbox {
    /// Says where a seller sells.
    ///
    /// # Errors
    /// There is no such seller.
    pub fn set_participations(
        &mut self,
        seller: &str,
        marketplaces: Vec<Participation>,
    ) -> Result<(), String> {
        if !self.sellers.knows(seller) {
            return Err(format!("there is no seller {seller:?}"));
        }
        self.participations.insert(seller.to_owned(), marketplaces);
        Ok(())
    }

    pub(super) fn list_participations(&self, seller: &str) -> Response<Vec<u8>> {
        let usual = || USUAL.map(Participation::active).into();
        let all: Vec<Participation> = self.participations.get(seller).cloned().unwrap_or_else(usual);
        let rows: Vec<Value> = all
            .iter()
            .map(|one| {
                json!({
                    "marketplace": { "id": one.id },
                    "participation": {
                        "isParticipating": one.participating, "hasSuspendedListings": one.suspended,
                    },
                })
            })
            .collect();
        answer::json(200, &json!({ "payload": rows }))
    }
}
