"""The article's notebooks, cell by cell in their own lines but for the import of the package.

Each is one function here; the loops run for a few letters instead of thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("h5py")
matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture
def plt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Where pictures go; the notebooks write their files into the present folder."""
    matplotlib.use("agg")
    from matplotlib import pyplot

    monkeypatch.chdir(tmp_path)
    yield pyplot
    pyplot.close("all")


def learn_letters(s: Any, length: int, scale: float) -> tuple[int, int]:
    import ocr_data  # type: ignore[import-not-found, unused-ignore]

    total, failures = 0, 0
    state = None
    for true_out, input in ocr_data.tagged_2d_data(length):
        guess_out, state = s.guess([input], return_state=True)
        if np.argmax(guess_out[0]) != np.argmax(true_out):
            failures += 1
        s.learn(state, [true_out], method="adam", scale=scale, loss="quad")
        total += 1
    return total, failures


def show(plt: Any, data: Any) -> None:
    norm = np.max(np.abs(data))
    plt.imshow(data, norm=matplotlib.colors.Normalize(-norm, norm))
    plt.colorbar()
    plt.close()


Build = Callable[[Any], tuple[Any, list[Any]]]


def network(layer_of: Callable[[Any, Any], Any], last: Callable[[Any], Any]) -> tuple[Any, str]:
    """Two layers between the image and the letters, and what the building prints."""
    import ocr_data

    import autotn as tn

    in_layer = tn.Input(ocr_data.in_2d_shape)()
    last_layer = in_layer
    shown = [in_layer]
    for _ in range(2):
        last_layer = layer_of(tn, last_layer)
        shown.append(last_layer)
    out_layer = tn.Dense(ocr_data.out_shape, activation=last(tn))(last_layer)
    shown.append(out_layer)
    return tn.System(inputs=[in_layer], outputs=[out_layer]), "\n".join(map(str, shown))


def test_recurrent_network(plt: Any) -> None:
    recurrent_size = 20
    s, _ = network(
        lambda tn, last_layer: tn.RNN(recurrent_size, activation=tn.Tanh())(last_layer),
        lambda tn: tn.Sigmoid(),
    )
    learn_letters(s, 5, scale=0.0001)
    s.save_weights("OCR_recurrent_network.h5")
    s.load_weights("OCR_recurrent_network.h5")
    for i, _c in enumerate(range(ord("A"), ord("C"))):
        show(plt, s.parts[0].layer[0].weights[i, :].reshape((32, recurrent_size)))

    assert str(s.parts[3]) == "Clone(Dense) :: [(40,)] -> [(20,)]"
    assert s.parts[3].layer[0].weights.shape == (20, 40)
    show(
        plt,
        s.parts[3].layer[0].weights.reshape((recurrent_size, recurrent_size + recurrent_size)),
    )
    assert str(s.parts[100]) == "Clone(Dense) :: [(52,)] -> [(20,)]"
    assert s.parts[100].layer[0].weights.shape == (20, 52)
    show(plt, s.parts[100].layer[0].weights.reshape((recurrent_size, recurrent_size + 32)))


def test_lstm_network(plt: Any) -> None:
    recurrent_size = 20
    s, _ = network(
        lambda tn, last_layer: tn.LSTM(recurrent_size)(last_layer), lambda tn: tn.Sigmoid()
    )
    learn_letters(s, 3, scale=0.001)
    s.save_weights("OCR_lstm_network.h5")
    s.load_weights("OCR_lstm_network.h5")
    show(plt, s.parts[0].layer[0].weights[0, :].reshape((32, recurrent_size)))


def test_residual_network(plt: Any) -> None:
    s, shown = network(
        lambda tn, last_layer: tn.ResWrap(
            tn.Dense(last_layer.output_shapes[0], activation=tn.ReLU())
        )(last_layer),
        lambda tn: tn.ReLU(),
    )
    assert shown.split("\n") == [
        "Input :: [] -> [(32, 32)]",
        "ResWrap :: [(32, 32)] -> [(32, 32)]",
        "ResWrap :: [(32, 32)] -> [(32, 32)]",
        "Dense :: [(32, 32)] -> [(26,)]",
    ]
    learn_letters(s, 2, scale=0.0001)
    s.save_weights("OCR_residual_network.h5")
    s.load_weights("OCR_residual_network.h5")
    listed = "\n".join(["idx: %i %s" % (i, p) for i, p in enumerate(s.parts)])  # noqa: UP031
    assert listed.endswith("idx: 9 Dense :: [(32, 32)] -> [(32, 32)]")
    plt.imshow(s.parts[0].layer[0].weights[0, :].reshape((32, 32)))


def test_conv_network(plt: Any) -> None:
    import ocr_data

    import autotn as tn

    input_shape = ocr_data.in_2d_shape
    conv_kernels = [(5, 5), (5, 5), (5, 5)]
    conv_stride = [(1, 1), (1, 1), (1, 1)]
    conv_outs = [(5,), (5,), (5,)]
    in_layer = tn.Input(input_shape)()
    last_layer = in_layer
    for kernel_shape, out_shape, kernel_stride in zip(conv_kernels, conv_outs, conv_stride):
        last_layer = tn.Conv(
            kernel_shape,
            out_shape=out_shape,
            pad=True,
            kernel_stride=kernel_stride,
            activation=tn.ReLU(),
        )(last_layer)
    out_layer = tn.Dense(ocr_data.out_shape, activation=tn.Sigmoid())(last_layer)
    s = tn.System(inputs=[in_layer], outputs=[out_layer])
    learn_letters(s, 2, scale=0.0001)
    s.save_weights("OCR_conv_network.h5")
    s.load_weights("OCR_conv_network.h5")
    for j in range(np.prod(conv_outs[-1])):
        plt.imshow(s.parts[0].layer[0].weights[0].reshape(input_shape + conv_outs[-1])[:, :, j])
    for i in [-2]:
        conv_inst = s.parts[i]
        assert str(conv_inst) == "Conv :: [(32, 32)] -> [(32, 32, 5)]"
        conv_net = conv_inst.layer[0]
        assert conv_net.weights.shape == (5, 25)
        shape = conv_outs[-i] + conv_kernels[i]
        weights = conv_net.weights.reshape(shape)
        for j in range(conv_outs[i][0]):
            plt.imshow(weights[j])


@pytest.mark.parametrize("lstm_depth", [0, 2])
def test_whole_lines(lstm_depth: int, plt: Any) -> None:
    """Both models of the notebook, which differ in sizes only."""
    import autotn as tn

    def get_split_model(
        width: int = 24,
        height: int = 16,
        channels: int = 3,
        features: Any = (((3, 3), 2), ((2, 14), 8)),
        lstm_depth: int = 0,
        lstm_space: int = 10,
        dense_depth: int = 1,
        dense_space: int = 1000,
    ) -> Any:
        img_input = tn.Input(shape=(width, height, channels))()
        prev_layer = img_input
        for shape, num in features:
            prev_layer = tn.Conv(
                shape, kernel_stride=(1, 1), out_shape=(num,), pad=False, activation=tn.ReLU()
            )(prev_layer)
        for i in range(lstm_depth):
            prev_layer = tn.LSTM(lstm_space, go_backwards=(i % 2 != 0))(prev_layer)
        for _ in range(dense_depth):
            prev_layer = tn.Dense(dense_space, activation=tn.Tanh())(prev_layer)
        output = tn.Dense(width, activation=tn.Sigmoid())(prev_layer)
        return tn.System(inputs=[img_input], outputs=[output])

    smodel = get_split_model(lstm_depth=lstm_depth, dense_space=50)
    bound = [3, 9, 20]
    img = np.random.default_rng(0).integers(0, 256, (16, 24, 3))
    for _ in range(2):
        input = np.swapaxes(img, 0, 1) / 255
        true_out = np.zeros((24,))
        true_out[bound] = 1
        guess_out, state = smodel.guess([input], return_state=True)
        delta = np.asarray(guess_out[0] > 0.7, dtype=np.int32) - np.asarray(
            true_out > 0.7, dtype=np.int32
        )
        assert np.count_nonzero(delta) <= 24
        smodel.learn(state, [true_out], loss="ce", method="adam", scale=0.001)
    smodel.save_weights("nono_split6.h5")
    again = get_split_model(lstm_depth=lstm_depth, dense_space=50)
    again.load_weights("nono_split6.h5")
    snn_out = again.guess([input])[0]
    assert (snn_out == smodel.guess([input])[0]).all()
    assert np.nonzero(snn_out > 0.95)[0].dtype.kind == "i"
