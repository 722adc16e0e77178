//! Queries against a shop: checked by the schema first, priced, then answered from its state.

use serde_json::{Map, Value, json};

use super::graphql::{Field, Query, Selection};
use super::schema::{Kind, field_of};
use super::search;
use super::state::{Fulfillment, Line, Order, Shop, Status};

/// A query that is refused, in Shopify's form.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: Option<&'static str>,
    pub(super) message: String,
}

fn refuse(code: &'static str, message: String) -> Refusal {
    Refusal { code: Some(code), message }
}

/// The largest size of a list.
const LARGEST: u64 = 250;
/// What a list without a size is priced as.
const UNSIZED: u64 = 10;
/// The arguments that fields take here.
const ARGUMENTS: [&str; 9] =
    ["id", "ids", "first", "after", "query", "sortKey", "reverse", "topic", "webhookSubscription"];
/// The dearest query.
const DEAREST: u64 = 1_000;

/// A query with its variables.
pub(super) struct Run<'a> {
    pub(super) query: &'a Query,
    pub(super) variables: &'a Value,
    pub(super) shop: &'a Shop,
    /// What the root holds besides orders, by the name it is answered under.
    pub(super) roots: &'a Map<String, Value>,
}

/// Something with fields.
#[derive(Clone, Copy)]
enum Entity<'a> {
    Root,
    Order(&'a Order),
    Line(&'a Line),
    Fulfillment(&'a Order, &'a Fulfillment),
    FulfillmentLine(Option<&'a Line>, u32),
    Tracking(Option<&'a str>, Option<&'a str>),
    Location(u64),
    Attribute(&'a (String, String)),
    /// Of this type, its fields as they are.
    Plain(&'static str, &'a Value),
}

/// What a field holds.
enum Held<'a> {
    Scalar(Value),
    One(Option<Entity<'a>>),
    Many(Vec<Option<Entity<'a>>>),
    /// With the cursor of each.
    Paged(Vec<(String, Entity<'a>)>),
}

impl<'a> Run<'a> {
    /// The fields that a selection comes to, fragments opened and conditions applied.
    fn fields(&self, on: &str, selections: &'a [Selection], depth: usize) -> Result<Vec<&'a Field>, Refusal> {
        if depth > 20 {
            return Err(refuse("fragmentCycle", "fragments use each other".to_owned()));
        }
        let mut all = Vec::new();
        for selection in selections {
            match selection {
                Selection::Field(field) if field.conditions.hold(self.variables) => all.push(field),
                Selection::Inline { on: of, conditions, fields } if conditions.hold(self.variables) => {
                    if of.as_deref().is_none_or(|of| of == on || on == "Node") {
                        all.extend(self.fields(of.as_deref().unwrap_or(on), fields, depth + 1)?);
                    }
                }
                Selection::Spread { name, conditions } if conditions.hold(self.variables) => {
                    let (of, fields) = self.query.fragments.get(name).ok_or_else(|| {
                        refuse("useAndDefineFragment", format!("Fragment {name} was used, but not defined"))
                    })?;
                    if of == on || on == "Node" {
                        all.extend(self.fields(of, fields, depth + 1)?);
                    }
                }
                Selection::Field(_) | Selection::Inline { .. } | Selection::Spread { .. } => {}
            }
        }
        Ok(all)
    }

    /// The type that the query begins with.
    fn root_type(&self) -> &'static str {
        if self.query.mutation { "Mutation" } else { "QueryRoot" }
    }

    /// The fields asked of the root.
    pub(super) fn root_fields(&self) -> Result<Vec<&'a Field>, Refusal> {
        self.fields(self.root_type(), &self.query.fields, 0)
    }

    pub(super) fn argument(&self, field: &Field, name: &str) -> Value {
        let given = field.arguments.iter().find(|(own, _)| own == name);
        given.map_or(Value::Null, |(_, argument)| argument.value(self.variables))
    }

    /// Checks the query and says its price, before anything is looked at.
    pub(super) fn price(&self) -> Result<u64, Refusal> {
        let price = self.price_of(self.root_type(), &self.query.fields)?;
        if price > DEAREST {
            return Err(refuse(
                "MAX_COST_EXCEEDED",
                format!("Query cost is {price}, which exceeds the single query max cost limit ({DEAREST})."),
            ));
        }
        Ok(price)
    }

    fn price_of(&self, on: &str, selections: &'a [Selection]) -> Result<u64, Refusal> {
        let mut sum = 0_u64;
        for field in self.fields(on, selections, 0)? {
            let (kind, of) = field_of(on, &field.name)?;
            for (name, _) in &field.arguments {
                if !ARGUMENTS.contains(&name.as_str()) {
                    return Err(refuse(
                        "argumentNotAccepted",
                        format!("Field '{}' doesn't accept argument '{name}'", field.name),
                    ));
                }
            }
            if (kind == Kind::Scalar) != field.fields.is_empty() {
                return Err(refuse(
                    "selectionMismatch",
                    format!("Field '{}' has the wrong selections", field.name),
                ));
            }
            let size = match (kind, self.argument(field, "first"), self.argument(field, "ids")) {
                (Kind::Scalar, ..) => continue,
                (Kind::Object, ..) => 1,
                // Inside a connection, the connection's own size counts.
                (Kind::Inner, ..) => 1,
                (Kind::List, _, Value::Array(ids)) => ids.len() as u64,
                (Kind::List, Value::Null, _) => UNSIZED,
                (Kind::Connection, Value::Null, _) => {
                    return Err(Refusal {
                        code: Some("BAD_REQUEST"),
                        message: format!("you must provide one of first or last on {}", field.name),
                    });
                }
                (Kind::List | Kind::Connection, first, _) => match first.as_u64() {
                    Some(size) if size <= LARGEST => size,
                    _ => {
                        return Err(refuse(
                            "BAD_REQUEST",
                            format!("first must be 0 to {LARGEST}, not {first}"),
                        ));
                    }
                },
            };
            let inside = self.price_of(of, &field.fields)?;
            sum = sum.saturating_add(match kind {
                Kind::Scalar => 0,
                Kind::Object => inside.saturating_add(1),
                Kind::List => inside.saturating_add(1).saturating_mul(size),
                Kind::Inner => inside,
                Kind::Connection => inside.saturating_add(1).saturating_mul(size).saturating_add(2),
            });
        }
        Ok(sum)
    }

    /// Answers the query; the number is how many objects the answer holds, which is what it costs.
    pub(super) fn answer(&self) -> Result<(Value, u64), Refusal> {
        let mut objects = 0;
        let data = self.object(self.root_type(), Entity::Root, &self.query.fields, &mut objects)?;
        Ok((data, objects.saturating_sub(1)))
    }

    fn object(
        &self,
        on: &str,
        entity: Entity<'a>,
        selections: &'a [Selection],
        objects: &mut u64,
    ) -> Result<Value, Refusal> {
        *objects += 1;
        let mut map = Map::new();
        for field in self.fields(on, selections, 0)? {
            let (_, of) = field_of(on, &field.name)?;
            let value = match self.held(entity, field)? {
                Held::Scalar(value) => value,
                Held::One(None) => Value::Null,
                Held::One(Some(one)) => self.object(one.type_name(), one, &field.fields, objects)?,
                Held::Many(rows) => {
                    let mut list = Vec::new();
                    let first = self.argument(field, "first").as_u64().and_then(|n| usize::try_from(n).ok());
                    for row in rows.into_iter().take(first.unwrap_or(usize::MAX)) {
                        list.push(match row {
                            Some(row) => self.object(row.type_name(), row, &field.fields, objects)?,
                            None => Value::Null,
                        });
                    }
                    Value::Array(list)
                }
                Held::Paged(rows) => self.connection(of, field, rows, objects)?,
            };
            map.insert(field.alias.clone(), value);
        }
        Ok(Value::Object(map))
    }

    fn connection(
        &self,
        on: &str,
        field: &'a Field,
        mut rows: Vec<(String, Entity<'a>)>,
        objects: &mut u64,
    ) -> Result<Value, Refusal> {
        if let Value::String(after) = self.argument(field, "after") {
            let place = rows.iter().position(|(cursor, _)| *cursor == after);
            let place = match place {
                Some(place) => place + 1,
                // What the cursor stood at may have changed: go on after where it stood.
                None => search::after(&after, rows.iter().map(|(cursor, _)| cursor.as_str())).ok_or_else(
                    || Refusal {
                        code: None,
                        message: "Invalid cursor for current pagination sort.".to_owned(),
                    },
                )?,
            };
            rows.drain(..place.min(rows.len()));
        }
        let first = self.argument(field, "first").as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let more = rows.len() > first;
        rows.truncate(first);
        let end = rows.last().map(|(cursor, _)| cursor.clone());
        let mut map = Map::new();
        for inner in self.fields(on, &field.fields, 0)? {
            let value = match inner.name.as_str() {
                "pageInfo" => {
                    let info = json!({"hasNextPage": more, "endCursor": end});
                    let mut shown = Map::new();
                    for leaf in self.fields("PageInfo", &inner.fields, 0)? {
                        shown
                            .insert(leaf.alias.clone(), info.get(&leaf.name).cloned().unwrap_or(Value::Null));
                    }
                    Value::Object(shown)
                }
                _ => {
                    let mut list = Vec::new();
                    for (_, row) in &rows {
                        list.push(self.object(row.type_name(), *row, &inner.fields, objects)?);
                    }
                    Value::Array(list)
                }
            };
            map.insert(inner.alias.clone(), value);
        }
        Ok(Value::Object(map))
    }

    fn held(&self, entity: Entity<'a>, field: &Field) -> Result<Held<'a>, Refusal> {
        let scalar = |value: Value| Ok(Held::Scalar(value));
        let name = field.name.as_str();
        if name == "__typename" {
            return scalar(json!(entity.type_name()));
        }
        match entity {
            Entity::Root => self.root(field),
            Entity::Order(order) => Ok(order_field(order, name)),
            Entity::Line(line) => scalar(match name {
                "id" => gid("LineItem", line.id),
                "sku" => json!(line.sku),
                "title" | "name" => json!(line.title),
                "quantity" | "currentQuantity" => json!(line.quantity),
                "requiresShipping" => json!(true),
                _ => Value::Null,
            }),
            Entity::Fulfillment(order, fulfillment) => Ok(fulfillment_field(order, fulfillment, name)),
            Entity::FulfillmentLine(line, quantity) => match name {
                "lineItem" => Ok(Held::One(line.map(Entity::Line))),
                "quantity" => scalar(json!(quantity)),
                _ => scalar(line.map_or(Value::Null, |line| gid("FulfillmentLineItem", line.id))),
            },
            Entity::Tracking(company, number) => {
                scalar(if name == "company" { json!(company) } else { json!(number) })
            }
            Entity::Location(id) => match name {
                "address" => Ok(Held::One(
                    self.shop.locations.get(&id).map(|address| Entity::Plain("LocationAddress", address)),
                )),
                _ => scalar(gid("Location", id)),
            },
            Entity::Attribute((key, value)) => scalar(json!(if name == "key" { key } else { value })),
            Entity::Plain(of, value) => plain(of, name, value.get(name)),
        }
    }

    fn root(&self, field: &Field) -> Result<Held<'a>, Refusal> {
        if let Some(value) = self.roots.get(&field.alias) {
            return plain(self.root_type(), &field.name, Some(value));
        }
        if !self.shop.may("orders") {
            let message = format!(
                "Access denied for {} field. Required access: `read_orders` access scope.",
                field.name
            );
            return Err(refuse("ACCESS_DENIED", message));
        }
        let named = |value: &Value| value.as_str().and_then(|gid| self.by_gid(gid));
        Ok(match field.name.as_str() {
            "order" => {
                let found = named(&self.argument(field, "id"));
                Held::One(found.filter(|found| matches!(found, Entity::Order(_))))
            }
            "fulfillment" => {
                let found = named(&self.argument(field, "id"));
                Held::One(found.filter(|found| matches!(found, Entity::Fulfillment(..))))
            }
            "nodes" => {
                let ids = self.argument(field, "ids");
                Held::Many(ids.as_array().into_iter().flatten().map(named).collect())
            }
            _ => {
                let text = self.argument(field, "query");
                let filter = search::Filter::parse(text.as_str().unwrap_or_default())
                    .map_err(|message| Refusal { code: None, message })?;
                let by_change = self.argument(field, "sortKey") == json!("UPDATED_AT");
                let mut orders: Vec<&Order> = self.shop.orders.values().filter(|o| filter.takes(o)).collect();
                let key = |o: &Order| if by_change { (o.updated_at, o.id) } else { (o.created_at, o.id) };
                orders.sort_by_key(|o| key(o));
                if self.argument(field, "reverse") == json!(true) {
                    orders.reverse();
                }
                Held::Paged(orders.into_iter().map(|o| (search::cursor(key(o)), Entity::Order(o))).collect())
            }
        })
    }

    fn by_gid(&self, text: &str) -> Option<Entity<'a>> {
        let (kind, id) = text.strip_prefix("gid://shopify/")?.split_once('/')?;
        let id: u64 = id.parse().ok()?;
        match kind {
            "Order" => self.shop.orders.get(&id).map(Entity::Order),
            "Fulfillment" => self.shop.orders.values().find_map(|order| {
                let found = order.fulfillments.iter().find(|f| f.id == id)?;
                Some(Entity::Fulfillment(order, found))
            }),
            _ => None,
        }
    }
}

impl Entity<'_> {
    fn type_name(self) -> &'static str {
        match self {
            Self::Root => "QueryRoot",
            Self::Order(_) => "Order",
            Self::Line(_) => "LineItem",
            Self::Fulfillment(..) => "Fulfillment",
            Self::FulfillmentLine(..) => "FulfillmentLineItem",
            Self::Tracking(..) => "FulfillmentTrackingInfo",
            Self::Location(_) => "Location",
            Self::Attribute(_) => "Attribute",
            Self::Plain(of, _) => of,
        }
    }
}

/// A field of something that is kept as it is shown.
fn plain<'a>(on: &str, name: &str, value: Option<&'a Value>) -> Result<Held<'a>, Refusal> {
    let (kind, of) = field_of(on, name)?;
    let rows = || value.and_then(Value::as_array).into_iter().flatten();
    Ok(match kind {
        Kind::Scalar => Held::Scalar(value.cloned().unwrap_or_default()),
        Kind::Object => Held::One(value.filter(|v| !v.is_null()).map(|v| Entity::Plain(of, v))),
        Kind::List | Kind::Inner => Held::Many(rows().map(|row| Some(Entity::Plain(of, row))).collect()),
        Kind::Connection => {
            let (_, row_type) = field_of(of, "nodes")?;
            let row = |(n, v): (usize, &'a Value)| (search::place(n as u64), Entity::Plain(row_type, v));
            Held::Paged(rows().enumerate().map(row).collect())
        }
    })
}

fn gid(kind: &str, id: u64) -> Value {
    json!(format!("gid://shopify/{kind}/{id}"))
}

fn order_field<'a>(order: &'a Order, name: &str) -> Held<'a> {
    Held::Scalar(match name {
        "id" => gid("Order", order.id),
        "legacyResourceId" => json!(order.id.to_string()),
        "name" => json!(order.name),
        "createdAt" => json!(order.created_at),
        "updatedAt" => json!(order.updated_at),
        "cancelledAt" => json!(order.cancelled_at),
        "sourceName" => json!(order.source_name),
        "sourceIdentifier" => json!(order.source_identifier),
        "tags" => json!(order.tags),
        "displayFulfillmentStatus" => json!(order.display_status()),
        "customAttributes" => {
            return Held::Many(order.attributes.iter().map(|row| Some(Entity::Attribute(row))).collect());
        }
        "lineItems" => {
            let row = |line: &'a Line| (search::place(line.id), Entity::Line(line));
            return Held::Paged(order.lines.iter().map(row).collect());
        }
        "fulfillments" => {
            return Held::Many(
                order.fulfillments.iter().map(|f| Some(Entity::Fulfillment(order, f))).collect(),
            );
        }
        _ => Value::Null,
    })
}

fn fulfillment_field<'a>(order: &'a Order, fulfillment: &'a Fulfillment, name: &str) -> Held<'a> {
    Held::Scalar(match name {
        "id" => gid("Fulfillment", fulfillment.id),
        "legacyResourceId" => json!(fulfillment.id.to_string()),
        "status" => json!(match fulfillment.status {
            Status::Success => "SUCCESS",
            Status::Cancelled => "CANCELLED",
        }),
        "createdAt" => json!(fulfillment.created_at),
        "updatedAt" => json!(fulfillment.updated_at),
        "location" => return Held::One(fulfillment.location.map(Entity::Location)),
        "trackingInfo" => {
            let company = fulfillment.company.as_deref();
            let mut rows: Vec<_> =
                fulfillment.numbers.iter().map(|n| Some(Entity::Tracking(company, Some(n)))).collect();
            if rows.is_empty() && company.is_some() {
                rows.push(Some(Entity::Tracking(company, None)));
            }
            return Held::Many(rows);
        }
        "fulfillmentLineItems" => {
            let row = |(id, quantity): &(u64, u32)| {
                let line = order.lines.iter().find(|line| line.id == *id);
                (search::place(*id), Entity::FulfillmentLine(line, *quantity))
            };
            return Held::Paged(fulfillment.lines.iter().map(row).collect());
        }
        _ => Value::Null,
    })
}
