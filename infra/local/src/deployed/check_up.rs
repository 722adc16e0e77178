//! What is peculiar to a stack, as `doctor` looks at it: its queues, mail, alarms, and the account around it.

use async_trait::async_trait;
use aws::SqsDeadLetters;
use ports::{Check, CheckUp, QueueName};

use super::{AMAZON_QUEUE, Deployed};
use crate::cli::Failure;

impl Deployed {
    /// Everything that can say how it is.
    pub(crate) fn check_ups(&self) -> Result<Vec<Box<dyn CheckUp>>, Failure> {
        let mut all: Vec<Box<dyn CheckUp>> = Vec::new();
        for queue in QueueName::ALL {
            all.push(Box::new(QueueCheck { queue: queue.as_str(), letters: self.dead_letters(queue)? }));
        }
        all.push(Box::new(QueueCheck { queue: AMAZON_QUEUE, letters: self.amazon_letters()? }));
        let mail = self.installation.mail(self.mail_from()?, None, None);
        // Empty: its functions may send by the address's own identity alone.
        all.push(Box::new(match self.stack.parameter("MailDomain")? {
            "" => mail,
            domain => mail.granted_domain(domain),
        }));
        all.push(Box::new(self.installation.alarm_topic(self.stack.output("AlarmTopic")?)));
        all.push(Box::new(self.installation.concurrency()));
        Ok(all)
    }
}

/// Whether a queue can be read, and what lies in it.
struct QueueCheck {
    queue: &'static str,
    letters: SqsDeadLetters,
}

#[async_trait]
impl CheckUp for QueueCheck {
    async fn check_up(&self) -> Vec<Check> {
        const CHECK: &str = "queue";
        let name = self.queue;
        vec![match self.letters.depth().await {
            Err(error) => Check::bad(
                CHECK,
                format!("queue {name} cannot be read: {error}"),
                "see that the stack is there, that the region is the stack's, and that these credentials may read it",
            ),
            Ok(depth) if depth.dead > 0 => Check::warning(
                CHECK,
                format!("{} messages of queue {name} could not be worked on", depth.dead),
                "see what the function's log says of them, then `parcelwire redrive`",
            ),
            Ok(depth) => Check::good(
                CHECK,
                format!("queue {name} can be read; {} messages wait", depth.waiting + depth.delayed),
            ),
        }]
    }
}
