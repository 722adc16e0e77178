//! What happens in a shop, each with the delivery that Shopify would send for it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::state::{FulfillLine, FulfillSpec, Fulfillment, Line, Order, OrderSpec, Status, TrackingSpec};
use super::{AppChange, Delivery, Refused, ShopifySandbox, deliveries, second};

impl ShopifySandbox {
    /// Creates an order.
    ///
    /// # Errors
    /// There is no such shop, an order of this id, or a repeated line id.
    pub fn create_order(&mut self, now: Timestamp, shop: &str, spec: OrderSpec) -> Result<Order, Refused> {
        let taken = self.shop(shop)?.orders.keys().copied().collect::<Vec<_>>();
        let id = spec.id.unwrap_or_else(|| self.next_id());
        if taken.contains(&id) {
            return Err(Refused::bad(format!("there is an order {id} already")));
        }
        let mut lines: Vec<Line> = Vec::new();
        for line in spec.lines {
            let id = line.id.unwrap_or_else(|| self.next_id());
            if lines.iter().any(|other| other.id == id) {
                return Err(Refused::bad(format!("line {id} comes twice")));
            }
            let title = line.title.unwrap_or_else(|| "A thing".to_owned());
            lines.push(Line { id, sku: line.sku, quantity: line.quantity, title });
        }
        let mut order = Order {
            id,
            name: spec.name.unwrap_or_else(|| format!("#{}", 1_001 + taken.len())),
            source_name: spec.source_name,
            source_identifier: spec.source_identifier,
            attributes: spec.attributes,
            tags: spec.tags,
            created_at: second(now),
            updated_at: second(now),
            cancelled_at: None,
            lines,
            fulfillments: Vec::new(),
            buyer: spec.buyer.unwrap_or_default(),
        };
        if self.shop(shop)?.automatic_fulfillment {
            order.fulfillments.push(Fulfillment {
                id: self.next_id(),
                status: Status::Success,
                created_at: second(now),
                updated_at: second(now),
                company: None,
                numbers: Vec::new(),
                lines: order.lines.iter().map(|line| (line.id, line.quantity)).collect(),
                location: None,
            });
        }
        self.shop_mut(shop)?.orders.insert(id, order.clone());
        Ok(order)
    }

    /// Shows an order.
    ///
    /// # Errors
    /// There is no such shop or order.
    pub fn order(&self, shop: &str, order: u64) -> Result<&Order, Refused> {
        let found = self.shop(shop)?.orders.get(&order);
        found.ok_or_else(|| Refused::unknown(format!("there is no order {order}")))
    }

    /// Sends a parcel off: the fulfillment's id, and the `fulfillments/create` for it.
    ///
    /// # Errors
    /// There is no such order or line, or not so much of it left.
    pub fn fulfill(
        &mut self,
        now: Timestamp,
        shop: &str,
        order: u64,
        spec: FulfillSpec,
    ) -> Result<(u64, Delivery), Refused> {
        let lines = contents(self.order(shop, order)?, spec.lines)?;
        let id = self.next_id();
        let at = second(spec.at.unwrap_or(now));
        let fulfillment = Fulfillment {
            id,
            status: Status::Success,
            created_at: at,
            updated_at: at,
            company: spec.company,
            numbers: spec.numbers,
            lines,
            location: spec.location,
        };
        let held = self.order_mut(shop, order)?;
        held.fulfillments.push(fulfillment);
        held.updated_at = held.updated_at.max(second(now));
        Ok((id, self.deliver_fulfillment(now, shop, order, id, "fulfillments/create")?))
    }

    /// Changes numbers and carrier: the `fulfillments/update` for it.
    ///
    /// # Errors
    /// There is no such fulfillment, or it is cancelled.
    pub fn update_tracking(
        &mut self,
        now: Timestamp,
        shop: &str,
        order: u64,
        fulfillment: u64,
        spec: TrackingSpec,
    ) -> Result<Delivery, Refused> {
        self.change(now, shop, order, fulfillment, |held| {
            held.numbers = spec.numbers;
            held.company = spec.company;
        })
    }

    /// Voids a parcel: the `fulfillments/update` for it.
    ///
    /// # Errors
    /// There is no such fulfillment, or it is cancelled already.
    pub fn cancel_fulfillment(
        &mut self,
        now: Timestamp,
        shop: &str,
        order: u64,
        fulfillment: u64,
    ) -> Result<Delivery, Refused> {
        self.change(now, shop, order, fulfillment, |held| held.status = Status::Cancelled)
    }

    /// Cancels an order: the `orders/cancelled` for it.
    ///
    /// # Errors
    /// There is no such order.
    pub fn cancel_order(&mut self, now: Timestamp, shop: &str, order: u64) -> Result<Delivery, Refused> {
        let held = self.order_mut(shop, order)?;
        held.cancelled_at = held.cancelled_at.or(Some(second(now)));
        held.updated_at = held.updated_at.max(second(now));
        let body = deliveries::order(held);
        self.deliver(now, shop, "orders/cancelled", &body)
    }

    /// Refunds lines of an order, by SKU: the `refunds/create` for it, with this id. With `postage`, that goes back too.
    ///
    /// # Errors
    /// There is no such order or line.
    pub fn refund(
        &mut self,
        now: Timestamp,
        shop: &str,
        order: u64,
        id: u64,
        lines: &[(&str, &str)],
        postage: bool,
    ) -> Result<Delivery, Refused> {
        let held = self.order_mut(shop, order)?;
        held.updated_at = held.updated_at.max(second(now));
        let body = deliveries::refund(held, id, second(now), lines, postage);
        let body = body.ok_or_else(|| Refused::unknown("there is no such line".to_owned()))?;
        self.deliver(now, shop, "refunds/create", &body)
    }

    /// Removes the app: its tokens are dead when the `app/uninstalled` arrives.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn uninstall(&mut self, now: Timestamp, shop: &str) -> Result<Delivery, Refused> {
        self.set_token(shop, None)?;
        self.change_app(shop, AppChange { installed: Some(false), ..AppChange::default() })?;
        let body = deliveries::shop(self.shop(shop)?);
        self.deliver(now, shop, "app/uninstalled", &body)
    }

    /// A delivery of one of the three privacy topics.
    ///
    /// # Errors
    /// There is no such shop or topic.
    pub fn privacy(
        &mut self,
        now: Timestamp,
        shop: &str,
        topic: &str,
        orders: &[u64],
    ) -> Result<Delivery, Refused> {
        let body = deliveries::privacy(self.shop(shop)?, topic, orders);
        let body = body.ok_or_else(|| Refused::bad(format!("{topic} is no privacy topic")))?;
        self.deliver(now, shop, topic, &body)
    }

    /// A delivery of any topic and body, signed as the shop's are.
    ///
    /// # Errors
    /// There is no such shop.
    pub fn deliver(
        &mut self,
        now: Timestamp,
        shop: &str,
        topic: &str,
        body: &Value,
    ) -> Result<Delivery, Refused> {
        self.deliveries += 1;
        Ok(deliveries::sign(self.shop(shop)?, topic, body, self.deliveries, now))
    }

    fn change(
        &mut self,
        now: Timestamp,
        shop: &str,
        order: u64,
        fulfillment: u64,
        change: impl FnOnce(&mut Fulfillment),
    ) -> Result<Delivery, Refused> {
        let held = self.order_mut(shop, order)?;
        held.updated_at = held.updated_at.max(second(now));
        let found = held.fulfillments.iter_mut().find(|f| f.id == fulfillment);
        let found =
            found.ok_or_else(|| Refused::unknown(format!("there is no fulfillment {fulfillment}")))?;
        if found.status == Status::Cancelled {
            return Err(Refused::bad("the fulfillment is cancelled".to_owned()));
        }
        change(found);
        found.updated_at = found.updated_at.max(second(now));
        self.deliver_fulfillment(now, shop, order, fulfillment, "fulfillments/update")
    }

    fn deliver_fulfillment(
        &mut self,
        now: Timestamp,
        shop: &str,
        order: u64,
        fulfillment: u64,
        topic: &str,
    ) -> Result<Delivery, Refused> {
        let held = self.order(shop, order)?;
        let found = held.fulfillments.iter().find(|f| f.id == fulfillment);
        let body = found.map_or(json!(null), |found| deliveries::fulfillment(held, found));
        self.deliver(now, shop, topic, &body)
    }
}

/// What goes into a parcel: line ids and units, checked against what is left.
fn contents(order: &Order, wanted: Option<Vec<FulfillLine>>) -> Result<Vec<(u64, u32)>, Refused> {
    let Some(wanted) = wanted else {
        let left = order.lines.iter().map(|line| (line.id, order.unfulfilled(line)));
        return Ok(left.filter(|(_, units)| *units > 0).collect());
    };
    let mut lines: Vec<(u64, u32)> = Vec::new();
    for row in wanted {
        let named = |line: &&Line| match (row.line, &row.sku) {
            (Some(id), _) => line.id == id,
            (None, sku) => sku.is_some() && line.sku == *sku,
        };
        let line = order.lines.iter().find(named);
        let line = line.ok_or_else(|| Refused::unknown("there is no such line in the order".to_owned()))?;
        let already: u32 = lines.iter().filter(|(id, _)| *id == line.id).map(|(_, units)| units).sum();
        let left = order.unfulfilled(line).saturating_sub(already);
        if row.quantity > left {
            return Err(Refused::bad(format!("{left} units are left of line {}", line.id)));
        }
        lines.push((line.id, row.quantity));
    }
    Ok(lines)
}
