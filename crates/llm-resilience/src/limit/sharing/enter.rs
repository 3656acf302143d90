//! How a request gets its turn where other processes have to do with it: what holds here, and then what holds for all.

use llm_core::Error;
use tokio::time::Instant;

use crate::limit::amounts::Amounts;
use crate::limit::book::{Ask, Held, Turn};
use crate::limit::limits::Limits;
use crate::limit::slot::Slot;
use crate::limit::store::RateAnswer;

impl Limits {
    /// Asks the common store once it has its turn here. What the store refuses waits in the queues here, in its old place.
    pub(crate) async fn enter_jointly(&self, mut ask: Ask<'_>, mut turn: Turn) -> Result<Slot, Error> {
        let (mut waited, mut place) = (false, None);
        loop {
            let held = match turn {
                Turn::Now(held) => held,
                Turn::Never(refusal) => return Err(refusal.error(ask.way.target)),
                Turn::Later(number) => {
                    let held = self.wait(number).await.map_err(|refusal| refusal.error(ask.way.target))?;
                    (ask.now, waited) = (Instant::now(), true);
                    held
                }
            };
            let (charges, sharing) = {
                let book = self.book();
                (book.charges(&held), book.sharing.clone())
            };
            let slot = |held, now, waited, ticket| Ok(Slot::new(self.clone(), held, now, waited, ticket));
            let Some(sharing) = sharing.filter(|_| !charges.is_empty()) else {
                return slot(held, ask.now, waited, None);
            };
            let request = sharing.request(charges);
            if held.alone.is_some() {
                return slot(held, ask.now, waited, Some(sharing.ticket(request, false)));
            }
            let mine = Mine { limits: self, held, armed: true };
            let answer = sharing.reserve(&request).await;
            let held = mine.disarm();
            // Others may have had their turn meanwhile.
            (ask.now, waited) = (Instant::now(), true);
            if answer == Some(RateAnswer::Reserved) {
                self.change(|book| book.passed(&held, ask.now));
                return slot(held, ask.now, waited, Some(sharing.ticket(request, true)));
            }
            let place = *place.get_or_insert(held.number);
            let (next, wakers) = match answer {
                Some(answer) => self.book().refused(&ask, held, place, (&request, answer)),
                None => self.book().unanswered(&ask, held, place),
            };
            wakers.wake();
            turn = next;
        }
    }
}

/// What a request holds while it asks a common store. Dropped before the answer, it gives everything back.
struct Mine<'a> {
    limits: &'a Limits,
    held: Held,
    armed: bool,
}

impl Mine<'_> {
    fn disarm(mut self) -> Held {
        self.armed = false;
        self.held.clone()
    }
}

impl Drop for Mine<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.limits.change(|book| book.release(&mut self.held, Amounts::default(), Instant::now()));
        }
    }
}
