//! What a command works on: the data directory of one machine, or a deployed stack.

use ports::QueueName;
use workflow::world::World;

use super::{Failure, Global, open};
use crate::deployed::{Deployed, Which};
use crate::system::Local;

/// Where everything is kept that a command asks about or changes.
pub(super) enum Place {
    /// A data directory.
    Machine(Box<Local>),
    /// A stack.
    Stack(Box<Deployed>),
}

impl Place {
    /// Opens what the command line names. A command makes neither.
    pub(super) async fn open(global: &Global) -> Result<Self, Failure> {
        Ok(match global.which() {
            Some(which) => Self::Stack(Box::new(Deployed::open(which).await?)),
            None => Self::Machine(Box::new(open(&global.data, None).await?)),
        })
    }

    /// Its ports.
    pub(super) fn world(&self) -> &World {
        match self {
            Self::Machine(local) => &local.world,
            Self::Stack(deployed) => &deployed.world,
        }
    }

    /// Puts the dead letters of a queue back into it; how many.
    pub(super) async fn redrive(&self, queue: QueueName) -> Result<usize, Failure> {
        match self {
            Self::Machine(local) => Ok(local.queue.redrive(queue, None).await?),
            Self::Stack(deployed) => {
                Ok(deployed.dead_letters(queue)?.redrive().await.map_err(anyhow::Error::from)?)
            }
        }
    }
}

impl Place {
    /// The same for the queue that Amazon writes to, where there is one.
    pub(super) async fn redrive_amazon(&self) -> Result<Option<usize>, Failure> {
        let Self::Stack(deployed) = self else { return Ok(None) };
        Ok(Some(deployed.amazon_letters()?.redrive().await.map_err(anyhow::Error::from)?))
    }
}

impl Global {
    /// The stack, if one is named.
    pub(crate) fn which(&self) -> Option<Which<'_>> {
        Some(Which {
            stack: self.stack.as_deref()?,
            profile: self.profile.as_deref(),
            region: self.region.as_deref(),
        })
    }
}
