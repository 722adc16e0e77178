//! What went wrong, in words fit for logs and mails: never a body, a header or a stored value.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// `operation: code: message`, or what kept the call from being answered.
pub(crate) fn explain<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().unwrap_or("no code");
            let message = answer.err().message().unwrap_or("no message");
            format!("{operation}: {code} ({status}): {message}")
        }
        SdkError::TimeoutError(_) => format!("{operation}: no answer in time"),
        SdkError::ResponseError(answer) => {
            format!("{operation}: unreadable answer ({})", answer.raw().status().as_u16())
        }
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(cause) => format!("{operation}: {}", chain(cause)),
            None => format!("{operation}: not sent"),
        },
        // And kinds of failure that a later SDK may add.
        SdkError::ConstructionFailure(_) | _ => format!("{operation}: {}", chain(error)),
    }
}

/// The service's error code, if the service answered.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// An error and what caused it, joined by colons.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !words.ends_with(&said) {
            words.push_str(": ");
            words.push_str(&said);
        }
        cause = inner.source();
    }
    words
}
