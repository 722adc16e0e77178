//! A stand-in for KMS, as far as the contract of credentials needs one: a data key opens in its context only.

use std::sync::{Arc, Mutex};

use aws::{AwsKeys, Clients, Envelope, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ports::SystemClock;
use serde_json::{Value, json};

/// The contexts of the keys it made; a wrapped key is its number.
#[derive(Clone, Debug, Default)]
pub(super) struct StandInKms(Arc<Mutex<Vec<Value>>>);

impl StandInKms {
    pub(super) fn envelope(&self) -> Envelope {
        let keys =
            AwsKeys { access_key_id: "id".into(), secret_access_key: "key".into(), session_token: None };
        let clients = Clients::over(SharedHttpClient::new(self.clone()), "eu-central-1", None, &keys);
        Envelope::new(clients.kms(), "arn:aws:kms:eu-central-1:000000000000:key/1", Arc::new(SystemClock))
    }

    fn answer(&self, operation: &str, body: &Value) -> (u16, Value) {
        let mut made = self.0.lock().unwrap();
        if operation.ends_with("GenerateDataKey") {
            made.push(body["EncryptionContext"].clone());
            let number = u8::try_from(made.len()).unwrap();
            let (plain, wrapped) = (STANDARD.encode([number; 32]), STANDARD.encode([number]));
            return (200, json!({ "Plaintext": plain, "CiphertextBlob": wrapped }));
        }
        let number = STANDARD.decode(body["CiphertextBlob"].as_str().unwrap()).unwrap()[0];
        if made.get(usize::from(number) - 1) == Some(&body["EncryptionContext"]) {
            (200, json!({ "Plaintext": STANDARD.encode([number; 32]) }))
        } else {
            (400, json!({ "__type": "InvalidCiphertextException" }))
        }
    }
}

impl HttpClient for StandInKms {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for StandInKms {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap_or_default();
        let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap();
        let (status, body) = self.answer(operation, &body);
        let body = SdkBody::from(body.to_string());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), body)))
    }
}
