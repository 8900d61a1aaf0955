//! Holds a model against its card: names, types and shapes of what goes in and comes out.

use ort::{
    session::Session,
    value::{Outlet, TensorElementType, ValueType},
};

use crate::{
    boxes,
    card::{Card, OutputKind},
    points,
};

/// Whether the first side of input and output, the number of pictures, is free.
pub(super) fn takes_batches(session: &Session, card: &Card) -> bool {
    let is_free = |outlet: Option<&Outlet>| match outlet.map(Outlet::dtype) {
        Some(ValueType::Tensor { shape, .. }) => shape.first() == Some(&-1),
        _ => false,
    };
    let output = session.outputs().iter().find(|output| output.name() == card.output.name);
    is_free(session.inputs().first()) && is_free(output)
}

/// Holds the batches that the card asks for against what the model takes.
pub(super) fn batches(takes_batches: bool, card: &Card) -> Result<(), String> {
    match card.execution.batches().find(|(_, batch_max)| *batch_max > 1 && !takes_batches) {
        Some((key, batch_max)) => Err(format!("{key} is {batch_max}, the model takes one picture at a time")),
        None => Ok(()),
    }
}

/// Holds the model's declared input against the card; the size where the model fixes it.
pub(super) fn input(session: &Session, card: &Card) -> Result<Option<(usize, usize)>, String> {
    let [input] = session.inputs() else {
        return Err(format!("the card describes one input, the model has {}", session.inputs().len()));
    };
    if input.name() != card.input.name {
        return Err(format!("input.name is `{}`, the model's input is `{}`", card.input.name, input.name()));
    }
    let ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } = input.dtype() else {
        return Err(format!("the input must be a tensor of f32, the model takes {}", input.dtype()));
    };
    let channels = card.input.colour.channels();
    let &[_, model_channels, height, width] = &shape[..] else {
        return Err(format!("the input must be [1, {channels}, height, width], the model takes {shape}"));
    };
    if model_channels != -1 && usize::try_from(model_channels) != Ok(channels) {
        let colour = format!("{:?}", card.input.colour).to_lowercase();
        return Err(format!(
            "input.colour `{colour}` has {channels} channel(s), the model takes {model_channels}"
        ));
    }
    let (Ok(width_px), Ok(height_px)) = (usize::try_from(width), usize::try_from(height)) else {
        return Ok(None);
    };
    let multiple_px = card.input.multiple_of_px;
    if width_px == 0 || !width_px.is_multiple_of(multiple_px) || !height_px.is_multiple_of(multiple_px) {
        return Err(format!(
            "input.multiple_of_px is {multiple_px}, the model takes only {width_px}x{height_px} px"
        ));
    }
    Ok(Some((width_px, height_px)))
}

pub(super) fn output(session: &Session, card: &Card) -> Result<(), String> {
    let Some(output) = session.outputs().iter().find(|output| output.name() == card.output.name) else {
        let names: Vec<&str> = session.outputs().iter().map(Outlet::name).collect();
        return Err(format!(
            "output.name is `{}`, the model gives `{}`",
            card.output.name,
            names.join("`, `")
        ));
    };
    match output.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, .. } => Ok(()),
        other => Err(format!("the output must be a tensor of f32, the model gives {other}")),
    }
}

/// Holds the shape of an output against what the card makes of an input of this size.
pub(super) fn output_shape(
    shape: &[i64],
    card: &Card,
    width_px: usize,
    height_px: usize,
) -> Result<(), String> {
    let fits = |expected: &[usize]| {
        shape.len() == expected.len()
            && shape.iter().zip(expected).all(|(a, b)| usize::try_from(*a) == Ok(*b))
    };
    let stride_px = card.output.stride_px;
    let (across, down) = (width_px / stride_px, height_px / stride_px);
    match (card.output.kind, &card.output.boxes) {
        (OutputKind::Boxes, Some(decoding)) => {
            let (rows, columns) = (
                boxes::rows(decoding, width_px, height_px),
                boxes::COLUMNS_BEFORE_CLASSES + decoding.classes,
            );
            if fits(&[1, rows, columns]) {
                return Ok(());
            }
            Err(format!(
                "output.boxes makes [1, {rows}, {columns}] of a picture of {width_px}x{height_px} px, the model \
                 gives {shape:?}"
            ))
        }
        (OutputKind::Points, _) => match shape {
            [1, _, columns] if usize::try_from(*columns) == Ok(points::COLUMNS) => Ok(()),
            _ => Err(format!(
                "output.kind `points` needs [1, any, {}], the model gives {shape:?}",
                points::COLUMNS
            )),
        },
        _ if fits(&[1, 1, down, across]) || fits(&[1, down, across]) => Ok(()),
        _ => Err(format!(
            "output.stride_px = {stride_px} makes [1, 1, {down}, {across}] of a picture of {width_px}x{height_px} \
             px, the model gives {shape:?}"
        )),
    }
}
