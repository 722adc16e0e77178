//! The part of the Admin schema that there is here, and what nobody may ask for.

use super::execute::Refusal;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Object,
    List,
    Connection,
    /// `nodes` and `pageInfo` of a connection.
    Inner,
}

use Kind::{Connection, Inner, List, Object, Scalar};

type Fields = &'static [(&'static str, Kind, &'static str)];

const TYPES: &[(&str, Fields)] = &[
    (
        "QueryRoot",
        &[
            ("order", Object, "Order"),
            ("orders", Connection, "OrderConnection"),
            ("fulfillment", Object, "Fulfillment"),
            ("nodes", List, "Node"),
            ("shop", Object, "Shop"),
            ("currentAppInstallation", Object, "AppInstallation"),
            ("publicApiVersions", List, "ApiVersion"),
            ("webhookSubscriptions", Connection, "WebhookSubscriptionConnection"),
        ],
    ),
    (
        "Mutation",
        &[
            ("webhookSubscriptionCreate", Object, "WebhookSubscriptionPayload"),
            ("webhookSubscriptionUpdate", Object, "WebhookSubscriptionPayload"),
            ("webhookSubscriptionDelete", Object, "WebhookSubscriptionPayload"),
        ],
    ),
    (
        "WebhookSubscriptionPayload",
        &[
            ("webhookSubscription", Object, "WebhookSubscription"),
            ("deletedWebhookSubscriptionId", Scalar, ""),
            ("userErrors", List, "UserError"),
        ],
    ),
    ("UserError", &[("field", Scalar, ""), ("message", Scalar, "")]),
    ("Shop", &[("id", Scalar, ""), ("name", Scalar, ""), ("myshopifyDomain", Scalar, "")]),
    ("AppInstallation", &[("id", Scalar, ""), ("accessScopes", List, "AccessScope")]),
    ("AccessScope", &[("handle", Scalar, "")]),
    ("ApiVersion", &[("handle", Scalar, ""), ("supported", Scalar, "")]),
    (
        "WebhookSubscriptionConnection",
        &[("nodes", Inner, "WebhookSubscription"), ("pageInfo", Inner, "PageInfo")],
    ),
    (
        "WebhookSubscription",
        &[
            ("id", Scalar, ""),
            ("topic", Scalar, ""),
            ("uri", Scalar, ""),
            ("format", Scalar, ""),
            ("filter", Scalar, ""),
            ("includeFields", Scalar, ""),
        ],
    ),
    (
        "Order",
        &[
            ("id", Scalar, ""),
            ("legacyResourceId", Scalar, ""),
            ("name", Scalar, ""),
            ("createdAt", Scalar, ""),
            ("updatedAt", Scalar, ""),
            ("cancelledAt", Scalar, ""),
            ("sourceName", Scalar, ""),
            ("sourceIdentifier", Scalar, ""),
            ("tags", Scalar, ""),
            ("displayFulfillmentStatus", Scalar, ""),
            ("customAttributes", List, "Attribute"),
            ("lineItems", Connection, "LineItemConnection"),
            ("fulfillments", List, "Fulfillment"),
        ],
    ),
    ("OrderConnection", &[("nodes", Inner, "Order"), ("pageInfo", Inner, "PageInfo")]),
    ("LineItemConnection", &[("nodes", Inner, "LineItem"), ("pageInfo", Inner, "PageInfo")]),
    (
        "FulfillmentLineItemConnection",
        &[("nodes", Inner, "FulfillmentLineItem"), ("pageInfo", Inner, "PageInfo")],
    ),
    ("PageInfo", &[("hasNextPage", Scalar, ""), ("endCursor", Scalar, "")]),
    ("Node", &[("id", Scalar, "")]),
    (
        "LineItem",
        &[
            ("id", Scalar, ""),
            ("sku", Scalar, ""),
            ("title", Scalar, ""),
            ("name", Scalar, ""),
            ("quantity", Scalar, ""),
            ("currentQuantity", Scalar, ""),
            ("requiresShipping", Scalar, ""),
        ],
    ),
    (
        "Fulfillment",
        &[
            ("id", Scalar, ""),
            ("legacyResourceId", Scalar, ""),
            ("status", Scalar, ""),
            ("createdAt", Scalar, ""),
            ("updatedAt", Scalar, ""),
            ("trackingInfo", List, "FulfillmentTrackingInfo"),
            ("location", Object, "Location"),
            ("fulfillmentLineItems", Connection, "FulfillmentLineItemConnection"),
        ],
    ),
    (
        "FulfillmentLineItem",
        &[("id", Scalar, ""), ("quantity", Scalar, ""), ("lineItem", Object, "LineItem")],
    ),
    ("FulfillmentTrackingInfo", &[("company", Scalar, ""), ("number", Scalar, "")]),
    ("Location", &[("id", Scalar, ""), ("address", Object, "LocationAddress")]),
    ("LocationAddress", &[("countryCode", Scalar, "")]),
    ("Attribute", &[("key", Scalar, ""), ("value", Scalar, "")]),
];

/// Fields that tell of the buyer: real ones of the Admin schema, refused here whoever asks.
const BUYER: &[&str] = &[
    "billingAddress",
    "clientIp",
    "customer",
    "customerLocale",
    "destination",
    "displayAddress",
    "email",
    "note",
    "phone",
    "shippingAddress",
    "statusPageUrl",
];

/// The code of the refusal of a buyer's field.
pub(super) const BUYER_ASKED: &str = "BUYER_FIELD_ASKED";

/// What a field of a type holds, and of which type.
pub(super) fn field_of(on: &str, name: &str) -> Result<(Kind, &'static str), Refusal> {
    if BUYER.contains(&name) {
        return Err(Refusal {
            code: Some(BUYER_ASKED),
            message: format!("'{name}' tells of the buyer, which a write-back never needs"),
        });
    }
    if name == "__typename" {
        return Ok((Scalar, ""));
    }
    // A field of `nodes` is opened by its fragment; without one only `id` is there. Priced as any type's.
    let types = TYPES
        .iter()
        .filter(|(own, _)| *own == on || (on == "Node" && ["Order", "Fulfillment"].contains(own)));
    let found = types.flat_map(|(_, fields)| *fields).find(|(own, _, _)| *own == name);
    found.map(|(_, kind, of)| (*kind, *of)).ok_or_else(|| Refusal {
        code: Some("undefinedField"),
        message: format!("Field '{name}' doesn't exist on type '{on}'"),
    })
}
