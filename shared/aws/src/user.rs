//! How a person at a command line reaches AWS: their own credentials, region and endpoint.
//!
//! The only use of `aws-config`: functions are handed their keys by Lambda and never ask this chain.

use aws_config::BehaviorVersion;
use aws_config::meta::region::RegionProviderChain;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_types::region::Region;

use crate::clients::{AwsKeys, https};

/// What a person's environment, profile or login says.
#[derive(Clone, Debug)]
pub struct UserAccess {
    /// Their keys; often temporary ones, good for about an hour.
    pub keys: AwsKeys,
    /// The region their commands go to.
    pub region: String,
    /// Another address than Amazon's (`AWS_ENDPOINT_URL`, or `endpoint_url` of the profile): a local AWS.
    pub endpoint: Option<String>,
}

/// Why AWS cannot be reached as this person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserAccessError {
    /// No region is said anywhere.
    #[error("no AWS region is known: name one with --region, or set AWS_REGION, or give the profile one")]
    NoRegion,
    /// No credentials are found, or those found do not work.
    #[error("no usable AWS credentials: {0}")]
    NoCredentials(String),
}

impl UserAccess {
    /// Asks the SDK's usual chain: variables, the profile (keys, SSO, a role, a process), then the machine's role.
    ///
    /// # Errors
    /// [`UserAccessError`], with what to do.
    pub async fn find(profile: Option<&str>, region: Option<&str>) -> Result<Self, UserAccessError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(https());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(RegionProviderChain::first_try(Region::new(region.to_owned())));
        }
        let found = loader.load().await;
        let region = found.region().ok_or(UserAccessError::NoRegion)?.to_string();
        let provider = found
            .credentials_provider()
            .ok_or_else(|| UserAccessError::NoCredentials("there is no source of any".into()))?;
        let credentials = provider
            .provide_credentials()
            .await
            .map_err(|error| UserAccessError::NoCredentials(crate::explain::chain(&error)))?;
        let keys = AwsKeys {
            access_key_id: credentials.access_key_id().to_owned(),
            secret_access_key: credentials.secret_access_key().to_owned().into(),
            session_token: credentials.session_token().map(|token| token.to_owned().into()),
        };
        Ok(Self { keys, region, endpoint: found.endpoint_url().map(str::to_owned) })
    }
}
