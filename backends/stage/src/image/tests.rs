use super::*;
use crate::image::choice::Choice;
use made::{Made, files, layer, shown};

mod choosing;
mod hostile;
mod layers;
mod made;

/// The root that the only image among `files` comes to, and what became of its layers.
fn flattened(files: &Tree) -> Result<(Vec<String>, Flattened)> {
    let choice = Choice {
        host: Some("linux/amd64"),
        ..Choice::default()
    };
    let image = Image::find(files, &choice)?.expect("an image");
    let mut root = Tree::new(&std::env::temp_dir())?;
    let flat = image.flatten(files, &mut root, &|| Ok(()))?;
    Ok((shown(&root), flat))
}
