//! DynamoDB's protocol without a network: the SDK's requests, answered by the engine in this process.
//!
//! No port is opened. The engine's own HTTP server would check no signature, so any local user could write.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

/// Calls that may wait for the engine at once. It works on one at a time; more threads would only wait.
const WAITING: usize = 4;

/// Stands where the SDK expects a network.
#[derive(Clone)]
pub(crate) struct InProcess {
    engine: Database,
    path: Arc<Path>,
    places: Arc<Semaphore>,
}

impl InProcess {
    pub(crate) fn new(engine: Database, path: &Path) -> Self {
        Self { engine, path: path.into(), places: Arc::new(Semaphore::new(WAITING)) }
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("path", &self.path).finish_non_exhaustive()
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            // Never closed, so always granted; held until the engine has answered, also if nobody waits any more.
            let place = this.places.acquire_owned().await;
            let answer = tokio::task::spawn_blocking(move || {
                let _place = place;
                let operation = request.headers().get("x-amz-target").unwrap_or_default();
                let operation = operation.rsplit('.').next().unwrap_or_default();
                let body = request.body().bytes().unwrap_or_default();
                answer(&this.path, operation, run(&this.engine, operation, body))
            });
            answer.await.map_err(|e| ConnectorError::other(e.into(), None))?
        })
    }
}

/// The response to what the engine said, as DynamoDB would send it.
fn answer(
    path: &Path,
    operation: &str,
    said: Result<Vec<u8>, DynoxideError>,
) -> Result<HttpResponse, ConnectorError> {
    let (status, body) = match said {
        Ok(body) => (200, body),
        // The engine's own failures, SQLite's: told as a server's error, so that the SDK tries again.
        Err(error) if error.status_code() >= 500 => {
            let words = crate::embedded::trouble::told(path, &error.to_string());
            tracing::warn!(operation, "embedded database: {words}");
            (500, DynoxideError::InternalServerError(words).to_json().into_bytes())
        }
        Err(error) => (error.status_code(), error.to_json().into_bytes()),
    };
    let status = status.try_into().map_err(|e| ConnectorError::other(Box::new(e), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    Ok(response)
}

/// Does what `operation` says; the answer in DynamoDB's JSON.
fn run(engine: &Database, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
    match operation {
        "GetItem" => call(body, |request| engine.get_item(request)),
        "Query" => call(body, |request| engine.query(request)),
        "Scan" => call(body, |request| engine.scan(request)),
        "PutItem" => call(body, |request| engine.put_item(request)),
        "UpdateItem" => call(body, |request| engine.update_item(request)),
        "DeleteItem" => call(body, |request| engine.delete_item(request)),
        "TransactWriteItems" => call(body, |request| engine.transact_write_items(request)),
        "TransactGetItems" => call(body, |request| engine.transact_get_items(request)),
        "BatchWriteItem" => call(body, |request| engine.batch_write_item(request)),
        "BatchGetItem" => call(body, |request| engine.batch_get_item(request)),
        "CreateTable" => call(body, |request| engine.create_table(request)),
        "DescribeTable" => call(body, |request| engine.describe_table(request)),
        "UpdateTable" => call(body, |request| engine.update_table(request)),
        "DeleteTable" => call(body, |request| engine.delete_table(request)),
        "ListTables" => call(body, |request| engine.list_tables(request)),
        "UpdateTimeToLive" => call(body, |request| engine.update_time_to_live(request)),
        "DescribeTimeToLive" => call(body, |request| engine.describe_time_to_live(request)),
        other => Err(DynoxideError::ValidationException(format!(
            "the embedded database has no operation {other:?}"
        ))),
    }
}

fn call<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    act: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> Result<Vec<u8>, DynoxideError> {
    let request =
        serde_json::from_slice(body).map_err(|e| DynoxideError::ValidationException(e.to_string()))?;
    serde_json::to_vec(&act(request)?).map_err(|e| DynoxideError::InternalServerError(e.to_string()))
}
