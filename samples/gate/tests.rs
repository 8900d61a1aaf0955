use super::*;
use crate::scene::Scene;

#[test]
fn dump() {
    let mut scene = Scene::gate(1);
    let started = std::time::Instant::now();
    let mut n = 0;
    for frame in scene.by_ref() {
        n += 1;
        if n % 40 == 1 {
            println!("{:.0} {:.2} load {:.0} heads {} visible {}", frame.t_secs, frame.zone_density_people_per_m2, frame.contact_load_max_n_per_m, frame.heads.len(), frame.heads_in_image().len());
        }
        if [51, 241, 401, 601, 901, 961, 1300].contains(&n) {
            let mut p = frame.rgb.clone();
            if std::env::var("DOTS").is_ok() {
                for h in &frame.heads {
                    let c = if h.visible { [255, 0, 0] } else { [0, 255, 255] };
                    for d in 0..2 { let (x,y)=(h.head_in_image[0] as u32 + d, h.head_in_image[1] as u32); if x<640 && y < 480 {p.put_pixel(x,y, image::Rgb(c));} }
                }
            }
            p.save(format!("/tmp/gate_{n}.png")).unwrap();
        }
    }
    println!("{:?} a frame", started.elapsed() / n);
}
