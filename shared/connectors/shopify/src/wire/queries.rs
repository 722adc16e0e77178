//! The queries and mutations we send. None asks for anything of the buyer.
//!
//! Page sizes keep every query below Shopify's 1,000 points even by the older, dearer rule: an object is one
//! point, a connection two and its size times its content, a list without a size ten times its content. Longer
//! lists are read on by their own queries.

/// A query and the name it goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query {
    /// Its operation name, which also stands in errors.
    pub(crate) operation: &'static str,
    /// GraphQL text.
    pub(crate) text: &'static str,
}

/// How many fulfillments come with an order. `Order.fulfillments` is a plain list that cannot be paged.
pub(crate) const FULFILLMENTS_WITH_ORDER: usize = 10;
/// How many fulfillments are read by id at once.
pub(crate) const FULFILLMENTS_BY_ID: usize = 10;
/// The longest list that Shopify gives.
pub(crate) const LONGEST_LIST: usize = 250;
/// How many fulfillments come with an order of a poll.
pub(crate) const FULFILLMENTS_WITH_CHANGE: usize = 3;

macro_rules! fulfillment {
    ($lines:literal) => {
        concat!(
            "id status createdAt updatedAt trackingInfo { company number } location { id address { countryCode } } \
             fulfillmentLineItems(first: ",
            $lines,
            ") { nodes { quantity lineItem { id sku } } pageInfo { hasNextPage endCursor } }"
        )
    };
}

macro_rules! order {
    ($lines:literal) => {
        concat!(
            "id name updatedAt cancelledAt sourceName sourceIdentifier tags displayFulfillmentStatus \
             customAttributes @include(if: $attributes) { key value } \
             lineItems(first: ",
            $lines,
            ") { nodes { id sku currentQuantity } pageInfo { hasNextPage endCursor } }"
        )
    };
}

/// One order, its lines and its fulfillments: at most about 670 points.
pub(crate) const READ_ORDER: Query = Query {
    operation: "ReadOrder",
    text: concat!(
        "query ReadOrder($id: ID!, $attributes: Boolean!) { order(id: $id) { ",
        order!("100"),
        " fulfillments(first: 10) { ",
        fulfillment!("20"),
        " } } }"
    ),
};

/// More lines of an order: at most about 253 points.
pub(crate) const ORDER_LINES: Query = Query {
    operation: "OrderLines",
    text: "query OrderLines($id: ID!, $after: String) { order(id: $id) { lineItems(first: 250, after: $after) { \
           nodes { id sku currentQuantity } pageInfo { hasNextPage endCursor } } } }",
};

/// The ids of all fulfillments of an order: at most about 251 points.
pub(crate) const FULFILLMENT_IDS: Query = Query {
    operation: "FulfillmentIds",
    text: "query FulfillmentIds($id: ID!) { order(id: $id) { fulfillments(first: 250) { id } } }",
};

/// Some fulfillments: at most about 560 points.
pub(crate) const FULFILLMENTS: Query = Query {
    operation: "FulfillmentsById",
    text: concat!(
        "query FulfillmentsById($ids: [ID!]!) { nodes(ids: $ids) { ... on Fulfillment { ",
        fulfillment!("20"),
        " } } }"
    ),
};

/// More lines of a fulfillment: at most about 503 points.
pub(crate) const FULFILLMENT_LINES: Query = Query {
    operation: "FulfillmentLines",
    text: "query FulfillmentLines($id: ID!, $after: String) { fulfillment(id: $id) { \
           fulfillmentLineItems(first: 250, after: $after) { nodes { quantity lineItem { id sku } } \
           pageInfo { hasNextPage endCursor } } } }",
};

/// Orders that changed, oldest change first: at most about 990 points.
pub(crate) const CHANGED: Query = Query {
    operation: "ChangedFulfillments",
    text: concat!(
        "query ChangedFulfillments($query: String!, $after: String, $attributes: Boolean!) { \
         orders(first: 10, after: $after, query: $query, sortKey: UPDATED_AT) { nodes { ",
        order!("10"),
        " fulfillments(first: 3) { ",
        fulfillment!("5"),
        " } } pageInfo { hasNextPage endCursor } } }"
    ),
};

/// What the shop and the app are, at most about 30 points.
pub(crate) const CHECK_UP: Query = Query {
    operation: "CheckUp",
    text: "query CheckUp { shop { myshopifyDomain } currentAppInstallation { accessScopes { handle } } \
           publicApiVersions { handle supported } }",
};

/// The orders that changed last, and how they were fulfilled: at most about 440 points.
pub(crate) const RECENT: Query = Query {
    operation: "RecentFulfillments",
    text: "query RecentFulfillments { orders(first: 10, sortKey: UPDATED_AT, reverse: true) { nodes { id createdAt \
           fulfillments(first: 3) { id createdAt trackingInfo(first: 1) { number } \
           fulfillmentLineItems(first: 5) { nodes { lineItem { requiresShipping } } } } } } }",
};

/// The app's own subscriptions in this shop: at most about 102 points.
pub(crate) const SUBSCRIPTIONS: Query = Query {
    operation: "Subscriptions",
    text: "query Subscriptions($after: String) { webhookSubscriptions(first: 100, after: $after) { \
           nodes { id topic uri format filter includeFields } pageInfo { hasNextPage endCursor } } }",
};

/// Subscribes.
pub(crate) const SUBSCRIBE: Query = Query {
    operation: "Subscribe",
    text: "mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) { \
           done: webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) { \
           userErrors { field message } } }",
};

/// Lets a subscription send elsewhere.
pub(crate) const REDIRECT: Query = Query {
    operation: "Redirect",
    text: "mutation Redirect($id: ID!, $subscription: WebhookSubscriptionInput!) { \
           done: webhookSubscriptionUpdate(id: $id, webhookSubscription: $subscription) { \
           userErrors { field message } } }",
};

/// Ends a subscription.
pub(crate) const UNSUBSCRIBE: Query = Query {
    operation: "Unsubscribe",
    text: "mutation Unsubscribe($id: ID!) { done: webhookSubscriptionDelete(id: $id) { \
           userErrors { field message } } }",
};
