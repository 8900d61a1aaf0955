//! What lies under the console's map: the drawing of the site that it runs beside, and tiles of a map of the Earth from a
//! folder of this machine, so that nothing is fetched from elsewhere.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use throng_console::{DrawingPlace, Ground, GroundPicture, TileAt, Tiles};

use super::Drawings;
use crate::config::plan::GroundPlanPlan;

/// Endings of tiles, and what they are.
const TILES: [(&str, &str); 4] =
    [("png", "image/png"), ("jpg", "image/jpeg"), ("jpeg", "image/jpeg"), ("webp", "image/webp")];
/// Largest tile, bytes; usual ones have 10 to 100 thousand.
const TILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Where a folder of tiles says whose they are.
const CREDIT: &str = "credit.txt";

/// The ground of a console.
#[derive(Default)]
pub(super) struct RoomGround {
    drawings: Option<Drawings>,
    tiles: Option<TileFolder>,
}

impl RoomGround {
    /// With the drawings of the sites that run beside it, and the tiles of a folder.
    ///
    /// # Errors
    /// The folder has no tiles.
    pub(super) fn open(drawings: Option<Drawings>, tiles: Option<&Path>) -> Result<Self> {
        Ok(Self { drawings, tiles: tiles.map(TileFolder::open).transpose()? })
    }

    /// Where the drawing of a site lies.
    pub(super) fn place(&self, site: &str) -> Option<DrawingPlace> {
        let drawing = self.plan(site)?;
        Some(DrawingPlace {
            size_px: drawing.size_px,
            ground_from_image: drawing.on_ground.ground_from_image,
        })
    }

    /// The drawing of a site that runs beside the console.
    fn plan(&self, site: &str) -> Option<GroundPlanPlan> {
        self.drawings.as_ref()?(site)
    }
}

impl Ground for RoomGround {
    fn drawing(&self, site: &str) -> Option<GroundPicture> {
        let drawing = self.plan(site)?;
        match fs::read(&drawing.file) {
            Ok(bytes) => Some(GroundPicture { media_type: drawing.media_type, bytes: bytes.into() }),
            Err(error) => {
                tracing::warn!("The plan {} cannot be read: {error}.", drawing.file.display());
                None
            }
        }
    }

    fn tiles(&self) -> Option<Tiles> {
        self.tiles.as_ref().map(|folder| folder.tiles.clone())
    }

    fn tile(&self, at: TileAt) -> Option<GroundPicture> {
        self.tiles.as_ref()?.tile(at)
    }
}

/// Tiles in files `ZOOM/COLUMN/ROW.png` (or `.jpg`, `.webp`), rows from the north, as maps on the web number them.
struct TileFolder {
    folder: PathBuf,
    tiles: Tiles,
}

impl TileFolder {
    fn open(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        let listed =
            fs::read_dir(folder).with_context(|| format!("cannot read the folder of tiles {shown}"))?;
        let zooms: Vec<u8> = listed
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|zoom| *zoom <= TileAt::ZOOM_MAX)
            .collect();
        let span = zooms.iter().min().zip(zooms.iter().max());
        ensure!(
            span.is_some(),
            "there are no tiles in {shown}: it needs folders ZOOM/COLUMN with pictures ROW.png, such as 16/54123/26789.png"
        );
        let (min_zoom, max_zoom) = span.map_or((0, 0), |(min, max)| (*min, *max));
        let credit = fs::read_to_string(folder.join(CREDIT)).unwrap_or_default().trim().to_owned();
        Ok(Self { folder: folder.to_owned(), tiles: Tiles { min_zoom, max_zoom, credit } })
    }

    fn tile(&self, TileAt { zoom, column, row }: TileAt) -> Option<GroundPicture> {
        let beside = self.folder.join(zoom.to_string()).join(column.to_string());
        TILES.into_iter().find_map(|(ending, media_type)| {
            let file = beside.join(format!("{row}.{ending}"));
            let is_small = fs::metadata(&file).ok()?.len() <= TILE_BYTES_MAX;
            let bytes = fs::read(&file).ok().filter(|_| is_small)?;
            Some(GroundPicture { media_type, bytes: bytes.into() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_come_from_their_folder_and_from_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let refused = RoomGround::open(None, Some(folder.path())).err().unwrap();
        assert!(format!("{refused:#}").contains("needs folders ZOOM/COLUMN"), "{refused:#}");
        for (name, bytes) in [("3/5/2.png", "north"), ("12/9/9.jpg", "far"), ("12/9/9.txt", "no picture")] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        fs::write(folder.path().join(CREDIT), "Whose map it is\n").unwrap();
        let ground = RoomGround::open(None, Some(folder.path())).unwrap();
        let tiles = ground.tiles().unwrap();
        assert_eq!((tiles.min_zoom, tiles.max_zoom, tiles.credit.as_str()), (3, 12, "Whose map it is"));
        let tile = |zoom, column, row| {
            ground.tile(TileAt { zoom, column, row }).map(|tile| (tile.media_type, tile.bytes))
        };
        assert_eq!(tile(3, 5, 2), Some(("image/png", "north".into())));
        assert_eq!(tile(12, 9, 9), Some(("image/jpeg", "far".into())));
        assert_eq!(tile(3, 5, 3), None);
        assert!(ground.place("anywhere").is_none() && ground.drawing("anywhere").is_none());
    }
}
