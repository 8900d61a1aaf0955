use super::picture::{Shots, training_picture};
use super::writer::{FIRST_TRAINING_SEED, WriteError, write_training_set};

fn scratch(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("throng-training-{}-{name}", std::process::id()))
}

#[test]
fn a_seed_is_a_picture() {
    let (a, b) = (
        training_picture(FIRST_TRAINING_SEED, Shots::Any),
        training_picture(FIRST_TRAINING_SEED, Shots::Any),
    );
    assert_eq!(a.heads_in_image, b.heads_in_image);
    assert_eq!(a.rgb.as_raw(), b.rgb.as_raw());
}

#[test]
fn points_lie_in_the_picture_and_some_pictures_are_empty() {
    let pictures: Vec<_> = (0..24).map(|i| training_picture(FIRST_TRAINING_SEED + i, Shots::Any)).collect();
    for picture in &pictures {
        let (width, height) = picture.rgb.dimensions();
        for [u, v] in &picture.heads_in_image {
            assert!(*u >= 0.0 && *v >= 0.0 && *u < width as f32 && *v < height as f32, "{u} {v}");
        }
    }
    assert!(pictures.iter().any(|p| p.heads_in_image.is_empty()), "the counter must learn nobody, too");
    assert!(pictures.iter().any(|p| p.heads_in_image.len() > 100), "and crowds");
}

#[test]
fn a_mast_looks_at_crowds() {
    for i in 0..4 {
        let picture = training_picture(FIRST_TRAINING_SEED + i, Shots::DenseFromMast);
        assert!(picture.heads_in_image.len() > 40, "seed {i}: {}", picture.heads_in_image.len());
    }
}

#[test]
fn a_set_is_whole_or_absent() {
    let folder = scratch("whole");
    write_training_set(&folder, 2, FIRST_TRAINING_SEED, Shots::Any, |_, _| ()).unwrap();
    let list = std::fs::read_to_string(folder.join("points.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = list.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        let picture = image::open(folder.join(line["image"].as_str().unwrap())).unwrap();
        assert_eq!(line["width"], picture.width());
        assert_eq!(line["height"], picture.height());
        assert_eq!(line["count"], line["points"].as_array().unwrap().len());
    }
    let again = write_training_set(&folder, 1, FIRST_TRAINING_SEED, Shots::Any, |_, _| ()).unwrap_err();
    assert!(again.to_string().contains("already something at the target"), "{again}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_demonstrations_seeds_are_refused() {
    let error = write_training_set(&scratch("seed"), 1, 7, Shots::Any, |_, _| ()).unwrap_err();
    assert!(matches!(error, WriteError::Seed(7)));
    assert!(error.to_string().contains("use 1000 or more"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let file = scratch("file");
    std::fs::write(&file, b"in the way").unwrap();
    let error =
        write_training_set(&file.join("set"), 1, FIRST_TRAINING_SEED, Shots::Any, |_, _| ()).unwrap_err();
    assert!(error.to_string().contains("check space and permissions"), "{error}");
    std::fs::remove_file(&file).unwrap();
}
