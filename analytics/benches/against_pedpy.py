"""Times `throng analyse` and PedPy side by side on the bottleneck experiment: density, Voronoi, speed and flow.

    pip install pedpy==1.5.1
    python analytics/benches/against_pedpy.py FOLDER     # with 040_c_56_h-.txt and ref/geometry.json

Both read the file, compute all frames and end; PedPy's time is without starting Python. They take turns; medians.
"""

import json
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pedpy

ROUNDS = 3
THRONG = Path(__file__).parents[2] / "target/release/throng"


def by_pedpy(trajectory: Path, geometry: dict) -> dict[str, float]:
    """Means over frames, and the flow."""
    way = pedpy.load_trajectory(trajectory_file=trajectory)
    walkable = pedpy.WalkableArea(geometry["walkable_area"], geometry["obstacles"])
    area = pedpy.MeasurementArea(geometry["measurement_area"])
    line = pedpy.MeasurementLine(geometry["measurement_line"])
    classic = pedpy.compute_classic_density(traj_data=way, measurement_area=area)
    cells = pedpy.compute_individual_voronoi_polygons(traj_data=way, walkable_area=walkable)
    voronoi, shared = pedpy.compute_voronoi_density(individual_voronoi_data=cells, measurement_area=area)
    speeds = pedpy.compute_individual_speed(
        traj_data=way, frame_step=5, speed_calculation=pedpy.SpeedCalculation.BORDER_SINGLE_SIDED)
    mean = pedpy.compute_mean_speed_per_frame(traj_data=way, individual_speed=speeds, measurement_area=area)
    voronoi_speed = pedpy.compute_voronoi_speed(
        traj_data=way, individual_voronoi_intersection=shared, individual_speed=speeds, measurement_area=area)
    counted, crossing = pedpy.compute_n_t(traj_data=way, measurement_line=line)
    first, last = crossing.frame.min(), crossing.frame.max()
    return {
        "classic_density": classic.density.mean(), "voronoi_density": voronoi.density.mean(),
        "mean_speed": mean.speed.mean(), "voronoi_speed": voronoi_speed.speed.mean(),
        "flow_per_s": (len(crossing) - 1) / (last - first) * way.frame_rate,
    }


def by_throng(trajectory: Path, geometry: Path) -> dict[str, float]:
    """The same, by the program."""
    command = [THRONG, "analyse", trajectory, "--geometry", f"{geometry}#bottleneck", "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    return {name: value["mean"] if isinstance(value, dict) else value for name, value in found.items()}


def main() -> None:
    """Prints both, their difference and their times."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    trajectory, geometry = folder / "040_c_56_h-.txt", folder / "ref/geometry.json"
    stated = json.loads(geometry.read_text())["bottleneck"]
    times: dict[str, list[float]] = {"pedpy": [], "throng": []}
    for _ in range(ROUNDS):
        for name, run in (("pedpy", lambda: by_pedpy(trajectory, stated)), ("throng", lambda: by_throng(trajectory, geometry))):
            began = time.monotonic()
            found = run()
            times[name].append(time.monotonic() - began)
            if name == "pedpy":
                expected = found
    for name, value in expected.items():
        print(f"{name:<17} pedpy {value:.9f}  throng {found[name]:.9f}  differ by {abs(value - found[name]):.1e}")
    pedpy_s, throng_s = (statistics.median(times[name]) for name in ("pedpy", "throng"))
    print(f"pedpy {pedpy_s:.2f} s, throng {throng_s:.3f} s: {pedpy_s / throng_s:.0f} times as fast")


if __name__ == "__main__":
    main()
