use proptest::prelude::*;

use super::*;

fn report(processed: u32, successful: u32, results: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AmazonEnvelope xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <Header><DocumentVersion>1.02</DocumentVersion><MerchantIdentifier>A3TH9S8BH6GOGM</MerchantIdentifier></Header>\
         <MessageType>ProcessingReport</MessageType><Message><MessageID>1</MessageID><ProcessingReport>\
         <DocumentTransactionID>50001</DocumentTransactionID><StatusCode>Complete</StatusCode><ProcessingSummary>\
         <MessagesProcessed>{processed}</MessagesProcessed><MessagesSuccessful>{successful}</MessagesSuccessful>\
         <MessagesWithError>1</MessagesWithError><MessagesWithWarning>0</MessagesWithWarning></ProcessingSummary>\
         {results}</ProcessingReport></Message></AmazonEnvelope>"
    )
}

fn result(message: &str, kind: &str, code: &str, words: &str) -> String {
    format!(
        "<Result><MessageID>{message}</MessageID><ResultCode>{kind}</ResultCode>\
         <ResultMessageCode>{code}</ResultMessageCode><ResultDescription>{words}</ResultDescription>\
         <AdditionalInfo><AmazonOrderID>702-0000001-0000001</AmazonOrderID></AdditionalInfo></Result>"
    )
}

fn row(number: u32, code: &str, words: &str) -> (u32, String, String) {
    (number, code.to_owned(), words.to_owned())
}

#[test]
fn f41_every_line_of_a_report_is_read() {
    let lines = [
        result("2", "Error", "18028", "The &quot;carrier&quot; &#38; its <![CDATA[<number>]]>"),
        result("2", "Error", "18029", "again"),
        result("7", "Warning", "18030", "late"),
        "\n  <Unknown><Deep>x</Deep></Unknown>\n".to_owned(),
    ];
    let read = read(report(9, 8, &lines.concat()).as_bytes()).unwrap();
    assert_eq!((read.processed, read.successful), (9, 8));
    assert_eq!(read.refused, [row(2, "18028", "The \"carrier\" & its <number>; again")]);
    assert_eq!(read.warned, [row(7, "18030", "late")]);
}

#[test]
fn a_warning_is_a_success_however_amazon_counts_it() {
    let lines = [result("1", "Error", "1", "no"), result("2", "Warning", "2", "hm")].concat();
    for successful in [8, 7] {
        assert_eq!(read(report(9, successful, &lines).as_bytes()).unwrap().successful, 8, "{successful}");
    }
    // It does not add up either way: then nothing is made up.
    assert_eq!(read(report(9, 5, &lines).as_bytes()).unwrap().successful, 5);
}

#[test]
fn what_concerns_the_whole_feed_is_number_0() {
    let words = "We are unable to process the XML feed because one or more items are invalid.";
    for number in ["0", "", "x"] {
        let read = read(report(0, 0, &result(number, "Error", "90061", words)).as_bytes()).unwrap();
        assert_eq!(read.refused, [row(0, "90061", words)], "{number:?}");
    }
}

#[test]
fn what_is_no_report_is_not_taken_for_one() {
    let whole = report(1, 1, "");
    let underway = whole.replace("Complete", "Processing");
    let cut = &whole[..whole.len() - 20];
    for bad in [
        "",
        "<html><body>wait</body></html>",
        "{\"header\":{}}",
        "original-record-number\torder-id\n",
        &underway,
        cut,
    ] {
        assert!(read(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(read(&[0x1f, 0x8b, 0xff]).is_err());
    assert!(read("<a>".repeat(1000).as_bytes()).is_err());
}

#[test]
fn a_byte_that_is_no_utf_8_spoils_words_only() {
    let mut bytes = report(1, 0, &result("1", "Error", "5", "Stra\u{1}e")).into_bytes();
    for byte in bytes.iter_mut().filter(|b| **b == 1) {
        *byte = 0xdf;
    }
    let read = read(&bytes).unwrap();
    assert_eq!(read.refused.first().map(|(n, code, _)| (*n, code.as_str())), Some((1, "5")));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    #[test]
    fn a_report_cut_anywhere_is_no_report(at in 0usize..900) {
        let whole = report(3, 2, &result("1", "Error", "5", "no"));
        prop_assume!(at < whole.len());
        prop_assert!(read(&whole.as_bytes()[..at]).is_err());
    }
}
