//! How long it takes to say whose a tracking number is: `cargo bench -p carriers`.

use std::hint::black_box;

use carriers::Carrier;
use carriers::number::{candidates, contradicts};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// What a day's parcels are labelled with, and what is no number at all.
const NUMBERS: &[&str] = &[
    "1Z8VZ1ML0304064589",
    "1z 8vz 1ml 03 0406 4589",
    "9492491234567857017090",
    "4204566492479473220345696975911174",
    "9302520345600719282547",
    "03147835929851029824",
    "619693874984",
    "178922061594802",
    "4451524932",
    "TBA271828182845",
    "C12086882369478",
    "7238739648916786",
    "RR853854056GB",
    "EV493550879CV",
    "0057439697156226254541012762",
    "05504237768651W",
    "JJD2718281828459045",
    "PQRZ50002718EXP00001",
    "３９５１４２８１６１６９",
    "will follow tomorrow, sorry",
];

fn recognise(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("numbers");
    group.throughput(Throughput::Elements(NUMBERS.len() as u64));
    group.bench_function("candidates", |bench| {
        bench.iter(|| NUMBERS.iter().map(|number| candidates(black_box(number)).len()).sum::<usize>());
    });
    group.bench_function("contradicts", |bench| {
        let stated = |number| contradicts(black_box(Carrier::Fedex), black_box(number)).is_some();
        bench.iter(|| NUMBERS.iter().filter(|number| stated(number)).count());
    });
    group.finish();
}

criterion_group!(benches, recognise);
criterion_main!(benches);
