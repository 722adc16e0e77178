//! The sandbox over HTTP: stand-in stores and marketplaces on one address.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use ports::Clock as _;
use ports::SystemClock;
use sandbox::Standin;
use sandbox::amazon::AmazonSandbox;
use sandbox::ebay::EbaySandbox;
use sandbox::etsy::EtsySandbox;
use sandbox::shopify::ShopifySandbox;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A sandbox that answers until it is dropped.
pub(crate) struct SandboxHost {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The Amazon stand-in, below `/amazon`.
    pub(crate) amazon: Arc<Mutex<AmazonSandbox>>,
    /// The eBay stand-in, below `/ebay`.
    pub(crate) ebay: Arc<Mutex<EbaySandbox>>,
    /// The Etsy stand-in, below `/etsy`.
    pub(crate) etsy: Arc<Mutex<EtsySandbox>>,
    /// The Shopify stand-in, below `/shopify`.
    pub(crate) shopify: Arc<Mutex<ShopifySandbox>>,
    task: JoinHandle<()>,
}

impl Drop for SandboxHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SandboxHost {
    /// Starts it empty.
    pub(crate) async fn start(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("the sandbox cannot listen on {address}: another program has it"))?;
        let address = listener.local_addr()?;
        let amazon = Arc::new(Mutex::new(AmazonSandbox::new()));
        let shopify = Arc::new(Mutex::new(ShopifySandbox::default()));
        let ebay = Arc::new(Mutex::new(EbaySandbox::new()));
        let etsy = Arc::new(Mutex::new(EtsySandbox::new()));
        let mounts: Vec<(String, Arc<Mutex<dyn Standin>>)> = vec![
            ("/amazon".to_owned(), amazon.clone()),
            ("/ebay".to_owned(), ebay.clone()),
            ("/etsy".to_owned(), etsy.clone()),
            ("/shopify".to_owned(), shopify.clone()),
        ];
        let clock = Arc::new(|| SystemClock.now());
        let task = tokio::spawn(sandbox::server::serve(listener, mounts, clock));
        Ok(Self { address, amazon, ebay, etsy, shopify, task })
    }

    /// The Amazon stand-in's base URL.
    pub(crate) fn amazon_url(&self) -> String {
        format!("http://{}/amazon", self.address)
    }

    /// The eBay stand-in's base URL.
    pub(crate) fn ebay_url(&self) -> String {
        format!("http://{}/ebay", self.address)
    }

    /// The Etsy stand-in's base URL.
    pub(crate) fn etsy_url(&self) -> String {
        format!("http://{}/etsy", self.address)
    }

    /// The Shopify stand-in's base URL.
    pub(crate) fn shopify_url(&self) -> String {
        format!("http://{}/shopify", self.address)
    }

    /// Waits until it ends, which only a defect makes happen.
    pub(crate) async fn ended(&mut self) {
        let _ended = (&mut self.task).await;
    }
}
