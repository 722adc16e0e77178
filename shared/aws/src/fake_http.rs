//! A stand-in for the network below the SDK: keeps what was sent, answers as told.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::{AwsKeys, Clients};

/// What the stand-in answers once.
#[derive(Debug)]
pub(crate) enum Answer {
    Http { status: u16, kind: &'static str, body: String },
    Io(ErrorKind),
    Timeout,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::Http { status, kind: "application/x-amz-json-1.0", body: body.to_owned() }
    }

    pub(crate) fn xml(status: u16, body: &str) -> Self {
        Self::Http { status, kind: "text/xml", body: body.to_owned() }
    }

    pub(crate) fn io(kind: ErrorKind) -> Self {
        Self::Io(kind)
    }

    pub(crate) fn timeout() -> Self {
        Self::Timeout
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) body: String,
}

#[derive(Clone, Debug)]
pub(crate) struct FakeHttp(Arc<Mutex<(VecDeque<Answer>, Vec<Seen>)>>);

impl FakeHttp {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new(Mutex::new((answers.into_iter().collect(), Vec::new()))))
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().1.clone()
    }

    pub(crate) fn clients(&self) -> Clients {
        let keys = AwsKeys {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "canary-secret".into(),
            session_token: Some("canary-session".into()),
        };
        Clients::over(SharedHttpClient::new(self.clone()), "eu-central-1", None, &keys)
    }
}

impl HttpClient for FakeHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for FakeHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut state = self.0.lock().unwrap();
        let body = String::from_utf8(request.body().bytes().unwrap_or_default().to_vec()).unwrap();
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        state.1.push(Seen { target, body });
        HttpConnectorFuture::ready(match state.0.pop_front().expect("an answer for every request") {
            Answer::Http { status, kind, body } => {
                let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                response.headers_mut().insert("content-type", kind);
                Ok(response)
            }
            Answer::Io(kind) => Err(ConnectorError::io(std::io::Error::from(kind).into())),
            Answer::Timeout => Err(ConnectorError::timeout("no answer".into())),
        })
    }
}
