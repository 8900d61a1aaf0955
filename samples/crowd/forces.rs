//! The forces between bodies and on walls (Helbing, Farkas, Vicsek 2000; analytics specification 6.1).

/// Strength of the wish for distance, N. Far below the 2000 N of the paper, so that bodies can touch.
const SOCIAL_N: f64 = 150.0;
/// Reach of the wish for distance, metres.
const SOCIAL_REACH_M: f64 = 0.08;
/// Stiffness of a body, kg/s2.
const BODY_KG_PER_S2: f64 = 1.2e5;
/// Sliding friction of bodies in contact, kg/m/s.
const FRICTION_KG_PER_M_S: f64 = 2.4e5;
/// Sliding friction is at most this share of the normal contact force (Coulomb).
const COULOMB: f64 = 0.6;

/// What acts on the first of two bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Push {
    /// Force on the first body, N; the second feels the opposite.
    pub force_n: [f64; 2],
    /// Normal part that comes from touching, N.
    pub contact_n: f64,
}

/// The push on a body at the end of `offset` (from the other body or the wall to this one), where `reach_m` is the
/// distance at which they touch and `relative_m_per_s` its velocity relative to the other.
pub(super) fn push(offset: [f64; 2], reach_m: f64, relative_m_per_s: [f64; 2]) -> Push {
    let distance = offset[0].hypot(offset[1]);
    if distance < 1e-9 {
        return Push::default();
    }
    let normal = [offset[0] / distance, offset[1] / distance];
    let gap = distance - reach_m;
    let social = SOCIAL_N * (-gap / SOCIAL_REACH_M).exp().min(1.0);
    let overlap = (-gap).max(0.0);
    let contact = BODY_KG_PER_S2 * overlap;
    let tangent = [-normal[1], normal[0]];
    let slip = relative_m_per_s[0] * tangent[0] + relative_m_per_s[1] * tangent[1];
    let limit = COULOMB * contact;
    let friction = (-FRICTION_KG_PER_M_S * overlap * slip).clamp(-limit, limit);
    let along = social + contact;
    Push {
        force_n: [along * normal[0] + friction * tangent[0], along * normal[1] + friction * tangent[1]],
        contact_n: contact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_apart_only_keep_their_distance() {
        let push = push([0.48, 0.0], 0.4, [0.0, 1.0]);
        assert!((push.force_n[0] - SOCIAL_N * (-1.0_f64).exp()).abs() < 1e-9, "{push:?}");
        assert!(push.force_n[1].abs() < 1e-12 && push.contact_n.abs() < 1e-12, "{push:?}");
    }

    #[test]
    fn bodies_in_contact_push_and_rub_within_coulomb() {
        let push = push([0.39, 0.0], 0.4, [0.0, 5.0]);
        assert!((push.contact_n - 1200.0).abs() < 1e-6, "{push:?}");
        assert!((push.force_n[0] - 1350.0).abs() < 1e-6, "social saturates: {push:?}");
        assert!((push.force_n[1] + 0.6 * 1200.0).abs() < 1e-6, "friction is capped: {push:?}");
    }

    #[test]
    fn two_bodies_in_one_place_do_not_divide_by_zero() {
        assert_eq!(push([0.0, 0.0], 0.4, [0.0, 0.0]), Push::default());
    }
}
