//! Time and chance, so that a simulation can own both.

use jiff::Timestamp;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now, by this machine's clock.
    fn now(&self) -> Timestamp;
}

/// Chance.
pub trait Rng: Send + Sync {
    /// A uniformly chosen number.
    fn next_u64(&self) -> u64;

    /// A uniformly chosen fraction in [0, 1).
    fn fraction(&self) -> f64 {
        // 53 bits: all that an f64 holds exactly.
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's chance.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn next_u64(&self) -> u64 {
        rand::random()
    }
}
