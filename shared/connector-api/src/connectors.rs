//! Where the workflow finds connectors.

use crate::{Marketplace, Store};

/// Finds a connector by its kind. `shared/registry` implements it; tests may bring their own.
pub trait Connectors: Send + Sync {
    /// The store connector of this kind.
    fn store(&self, kind: &str) -> Option<&dyn Store>;

    /// The marketplace connector of this kind.
    fn marketplace(&self, kind: &str) -> Option<&dyn Marketplace>;
}
