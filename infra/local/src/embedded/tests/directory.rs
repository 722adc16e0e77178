//! The data directory and its lock.

use crate::embedded::DataDir;

#[test]
fn the_directory_is_made_for_its_owner_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a/b");
    let dir = DataDir::open(&path).unwrap();
    assert_eq!(dir.path(), path);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }
    DataDir::open(&path).expect("and used as it is when it is there");
}

#[test]
fn a_second_serve_is_refused_in_clear_words() {
    let place = tempfile::tempdir().unwrap();
    let dir = DataDir::open(place.path()).unwrap();
    let first = dir.lock_for_serving().unwrap();
    let words = format!("{:#}", dir.lock_for_serving().unwrap_err());
    assert!(words.contains(place.path().to_str().unwrap()), "{words}");
    assert!(words.contains("--data") && words.contains(&std::process::id().to_string()), "{words}");
    drop(first);
    dir.lock_for_serving().expect("free again");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("file"), "").unwrap();
    let path = place.path().join("file/data");
    let words = format!("{:#}", DataDir::open(&path).unwrap_err());
    assert!(words.contains(path.to_str().unwrap()) && words.contains("--data"), "{words}");
}
