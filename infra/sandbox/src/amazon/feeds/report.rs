//! Processing reports.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A report that refuses a feed as a whole.
pub(super) fn whole_refused(merchant: &str, (code, words): &(&str, String)) -> String {
    report(merchant, 0, &[(0, (*code).to_owned(), words.clone())])
}

/// A processing report.
pub(super) fn report(merchant: &str, processed: usize, refused: &[(u32, String, String)]) -> String {
    let escape = |text: &str| quick_xml::escape::escape(text).into_owned();
    let results: String = refused
        .iter()
        .map(|(number, code, words)| {
            format!(
                "<Result><MessageID>{number}</MessageID><ResultCode>Error</ResultCode><ResultMessageCode>{}\
                 </ResultMessageCode><ResultDescription>{}</ResultDescription></Result>",
                escape(code),
                escape(words)
            )
        })
        .collect();
    let named = refused.iter().filter(|(number, ..)| *number > 0).count();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><AmazonEnvelope><Header><DocumentVersion>1.02</DocumentVersion>\
         <MerchantIdentifier>{merchant}</MerchantIdentifier></Header><MessageType>ProcessingReport</MessageType>\
         <Message><MessageID>1</MessageID><ProcessingReport><DocumentTransactionID>1</DocumentTransactionID>\
         <StatusCode>Complete</StatusCode><ProcessingSummary><MessagesProcessed>{processed}</MessagesProcessed>\
         <MessagesSuccessful>{}</MessagesSuccessful><MessagesWithError>{}</MessagesWithError>\
         <MessagesWithWarning>0</MessagesWithWarning></ProcessingSummary>{results}</ProcessingReport></Message>\
         </AmazonEnvelope>",
        processed - named.min(processed),
        refused.len()
    )
}

/// Gzip.
pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}
