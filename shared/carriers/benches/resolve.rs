//! What deciding a carrier costs: one order's worth of work, without the look-up of mappings in the ledger.

use std::collections::BTreeMap;
use std::hint::black_box;

use carriers::{Decision, Mapping, Question, Scope, lookup_keys, resolve};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Text, service, marketplace, country.
type Spelling = (&'static str, Option<&'static str>, &'static str, &'static str);

const NAMED: &[Spelling] = &[
    ("USPS", None, "amazon", "us"),
    ("UPS® Ground", None, "amazon", "us"),
    ("FedEx Ground® Economy", None, "amazon", "us"),
    ("USPS Priority Mail Express 2-Day", None, "amazon", "us"),
    ("DHL", Some("eCommerce Expedited Max"), "amazon", "us"),
    ("stamps_com", Some("usps_priority_mail"), "amazon", "us"),
    ("Royal Mail - Tracked 48®", None, "amazon", "gb"),
    ("ヤマト運輸 宅急便", None, "amazon", "jp"),
    ("Correos España", None, "amazon", "es"),
    ("ontrac", None, "ebay", "us"),
    ("DPD France", None, "ebay", "fr"),
    ("Royal Mail Tracked 24", None, "ebay", "gb"),
    ("DHL Express Worldwide", None, "ebay", "de"),
    ("UPS", Some("Ground"), "ebay", "us"),
    ("DPD Germany", None, "etsy", "gb"),
    ("Canada Post Expedited Parcel", None, "etsy", "ca"),
    ("La Poste Colissimo", None, "etsy", "fr"),
    ("usps", None, "etsy", "us"),
];

const UNKNOWN: &[Spelling] = &[
    ("Zephyr Pigeon", Some("Fast"), "amazon", "us"),
    ("Australia Post", None, "amazon", "au"),
    ("Purolater", None, "amazon", "ca"),
    ("TNT", None, "ebay", "gb"),
    ("DHL", None, "etsy", "de"),
];

fn ask(spelling: &Spelling, mappings: &[(Scope, Mapping)]) -> Decision {
    let (text, service, marketplace, country) = *spelling;
    resolve(Question { text: Some(text), service, marketplace, country, mappings, ..Question::default() })
}

fn mapping(code: &str) -> Mapping {
    Mapping {
        schema: Mapping::SCHEMA,
        text: "Zephyr".to_owned(),
        how: carriers::How::Folded,
        code: code.to_owned(),
        name: None,
        service: None,
        unlisted: false,
        set_at: None,
        set_by: "bench".to_owned(),
        version: 1,
        unknown: BTreeMap::new(),
    }
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resolve");
    group.throughput(Throughput::Elements(NAMED.len() as u64));
    group.bench_function("named", |b| {
        b.iter(|| NAMED.iter().for_each(|spelling| drop(black_box(ask(black_box(spelling), &[])))));
    });
    let upper = [(Scope::Account, mapping("UPS"))];
    let lower = [(Scope::Account, mapping("ups"))];
    group.bench_function("mapped", |b| {
        b.iter(|| {
            for spelling in NAMED {
                let mappings = if spelling.2 == "etsy" { &lower } else { &upper };
                drop(black_box(ask(black_box(spelling), mappings)));
            }
        });
    });
    group.bench_function("keys", |b| {
        b.iter(|| NAMED.iter().for_each(|(text, service, ..)| drop(black_box(lookup_keys(*text, *service)))));
    });
    group.throughput(Throughput::Elements(UNKNOWN.len() as u64));
    group.bench_function("unknown", |b| {
        b.iter(|| UNKNOWN.iter().for_each(|spelling| drop(black_box(ask(black_box(spelling), &[])))));
    });
    group.finish();
}

criterion_group!(resolving, benches);
criterion_main!(resolving);
