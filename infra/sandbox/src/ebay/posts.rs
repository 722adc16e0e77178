//! Notifications as eBay posts them, signed with a key that is made when the stand-in runs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Response;
use jiff::Timestamp;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::EbaySandbox;
use super::answer::{self, Refusal};
use super::orders::utc;

/// The id of the key.
const KID: &str = "0f5e8d4c-7a3b-4c21-9d6e-5b1a2c3d4e5f";

/// A notification, ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedPost {
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body, byte for byte as it was signed.
    pub body: String,
}

/// The key of this stand-in. It signs for tests and the demo alone, so anybody may know it.
fn key() -> Option<SigningKey> {
    SigningKey::from_slice(&Sha256::digest(b"the eBay stand-in's key")).ok()
}

/// The answer that names a public key.
pub(super) fn public_key(id: &str, digest: &str) -> Result<Response<Vec<u8>>, Refusal> {
    let unknown = || Refusal::new(404, 195_001, "The specified key id is invalid.");
    let key = key().filter(|_| id.eq_ignore_ascii_case(KID)).ok_or_else(unknown)?;
    let der = key.verifying_key().to_public_key_der().map_err(|_| unknown())?;
    let pem =
        format!("-----BEGIN PUBLIC KEY-----{}-----END PUBLIC KEY-----", STANDARD.encode(der.as_bytes()));
    Ok(answer::json(200, &json!({ "key": pem, "algorithm": "ECDSA", "digest": digest })))
}

impl EbaySandbox {
    /// What eBay posts of a new paid order: one notification for each of its lines.
    ///
    /// # Errors
    /// There is no such order.
    pub fn order_posts(&self, now: Timestamp, order: &str) -> Result<Vec<SignedPost>, String> {
        let order = self.orders.get(order).ok_or_else(|| format!("there is no order {order:?}"))?;
        let seller = self.tokens.seller(&order.described.seller);
        let user_id = seller.map(super::Seller::id).unwrap_or_default();
        let posts = order.lines.iter().enumerate().map(|(at, line)| {
            let data = json!({
                "user": { "userId": user_id, "username": order.described.seller },
                "order": {
                    "orderId": order.id(),
                    "orderLineItems": [{ "orderLineItemId": line.id, "listingId": "2000001", "quantity": line.quantity }],
                },
            });
            self.signed(now, "ORDER_CONFIRMATION", &format!("{}-{at}", order.id()), &data)
        });
        posts.collect()
    }

    /// What eBay posts when a user's account is closed.
    ///
    /// # Errors
    /// The key cannot be made.
    pub fn closed_post(&self, now: Timestamp, username: &str, user_id: &str) -> Result<SignedPost, String> {
        let data = json!({ "username": username, "userId": user_id, "eiasToken": "c2FuZGJveA==" });
        self.signed(now, "MARKETPLACE_ACCOUNT_DELETION", &format!("closed-{user_id}"), &data)
    }

    /// Any notification, signed.
    ///
    /// # Errors
    /// The key cannot be made.
    pub fn signed(&self, now: Timestamp, topic: &str, id: &str, data: &Value) -> Result<SignedPost, String> {
        let body = json!({
            "metadata": { "topic": topic, "schemaVersion": "1.0", "deprecated": false },
            "notification": {
                "notificationId": id, "eventDate": utc(now), "publishDate": utc(now), "publishAttemptCount": 1,
                "data": data,
            },
        });
        let body = body.to_string();
        let digest = self.settings.digest.as_str();
        let hash =
            if digest == "SHA1" { Sha1::digest(&body).to_vec() } else { Sha256::digest(&body).to_vec() };
        let key = key().ok_or("the key cannot be made")?;
        let signature: DerSignature = key.sign_prehash(&hash).map_err(|error| error.to_string())?;
        let signature = STANDARD.encode(signature.as_bytes());
        let header = json!({ "alg": "ecdsa", "kid": KID, "signature": signature, "digest": digest });
        let headers = [
            ("content-type".to_owned(), "application/json".to_owned()),
            ("x-ebay-signature".to_owned(), STANDARD.encode(header.to_string())),
        ];
        Ok(SignedPost { headers: headers.into(), body })
    }
}
