"""Module, Parameter and Sequential: what is found, in which order, under which name."""

import collections
import copy
import pickle

import numpy as np
import pytest

import microtensor as mt
import nn

PUBLIC = (
    "Module Parameter Buffer Sequential Linear ReLU Sigmoid Tanh Softmax Dropout Flatten BCELoss "
    "Embedding LeakyReLU GELU LayerNorm BatchNorm Conv2d MaxPool2d AvgPool2d AdamW clip_grad_norm "
    "batches seed BCEWithLogitsLoss MSELoss CrossEntropyLoss Optimizer SGD Adam he_normal "
    "he_uniform lecun_normal xavier_normal xavier_uniform fit predict accuracy History save load "
    "CatClassifier datasets"
).split()


class Nested(nn.Module):
    """Parameters in every place in which they are looked for."""

    def __init__(self):
        self.second = nn.Parameter(2.0)
        self.first = nn.Parameter(1.0)
        self.blocks = [nn.Linear(2, 1, rng=0), (nn.ReLU(), nn.Linear(1, 1, bias=False, rng=0))]
        self.heads = {"cat": nn.Linear(1, 2, rng=0), "extra": [nn.Parameter([0.0, 0.0])]}
        self.constant = mt.Tensor(5.0)
        self.notes = ["text", None, 3]

    def forward(self, x):
        return x


class Pair(nn.Module):
    def __init__(self, a, b):
        self.a = a
        self.b = b

    def forward(self, x):
        return self.b(self.a(x))


def names(model):
    return [parameter.name for parameter in model.parameters()]


def bytes_of(model):
    return {name: array.tobytes() for name, array in model.state_dict().items()}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_comes_from_nn(name):
    assert hasattr(nn, name)
    assert name in nn.__all__


def test_all_lists_nothing_that_is_not_there():
    assert [name for name in nn.__all__ if not hasattr(nn, name)] == []


# Parameter --------------------------------------------------------------------------------------


def test_a_parameter_is_a_leaf_that_learns():
    parameter = nn.Parameter([1.0, 2.0], name="w")
    assert isinstance(parameter, mt.Tensor)
    assert parameter.requires_grad
    (parameter * parameter).sum().backward()
    np.testing.assert_array_equal(parameter.grad, [2.0, 4.0])
    assert repr(parameter) == "Parameter([1., 2.], name='w', requires_grad=True)"


def test_a_frozen_parameter_gets_no_gradient():
    frozen = nn.Parameter(1.0, requires_grad=False)
    (frozen * nn.Parameter(2.0)).backward()
    assert frozen.grad is None


def test_a_parameter_of_whole_numbers_is_refused():
    with pytest.raises(TypeError, match="only floats have gradients"):
        nn.Parameter([1, 2])


# What is found ----------------------------------------------------------------------------------


def test_parameters_come_in_attribute_order_under_their_paths():
    assert [name for name, _ in Nested().named_parameters()] == [
        "second",
        "first",
        "blocks.0.weight",
        "blocks.0.bias",
        "blocks.1.1.weight",
        "heads.cat.weight",
        "heads.cat.bias",
        "heads.extra.0",
    ]


def test_parameters_are_the_named_ones():
    model = Nested()
    for parameter, (_, named) in zip(model.parameters(), model.named_parameters(), strict=True):
        assert parameter is named


def test_modules_are_found_with_the_model_itself_first():
    model = Nested()
    found = list(model.named_modules())
    assert found[0] == ("", model)
    paths = [path for path, _ in found[1:]]
    assert paths == ["blocks.0", "blocks.1.0", "blocks.1.1", "heads.cat"]


def test_a_shared_parameter_counts_once():
    shared = nn.Parameter(1.0)
    model = Pair(nn.ReLU(), nn.ReLU())
    model.one, model.two = shared, shared
    assert model.parameters() == [shared]
    assert list(model.state_dict()) == ["one"]


def test_a_shared_module_counts_once():
    layer = nn.Linear(2, 2, rng=0)
    model = Pair(layer, layer)
    assert [path for path, _ in model.named_parameters()] == ["a.weight", "a.bias"]
    assert [path for path, _ in model.named_modules()] == ["", "a"]


def test_circles_end():
    inner, outer = nn.Linear(1, 1, rng=0), nn.Sequential()
    outer.inner, inner.outer = inner, outer
    outer.around = [outer]
    assert len(outer.parameters()) == 2
    assert len(inner.parameters()) == 2


def test_lists_nest_deeply():
    nested = nn.Parameter(1.0)
    for _ in range(5000):
        nested = [nested]
    model = nn.Sequential()
    model.nested = nested
    assert len(model.parameters()) == 1


def test_a_replaced_parameter_is_gone():
    layer = nn.Linear(2, 1, rng=0)
    layer.bias = None
    assert [path for path, _ in layer.named_parameters()] == ["weight"]


def test_two_parameters_of_one_path_are_refused():
    model = nn.Sequential()
    with pytest.raises(ValueError, match=r"both\.1"):
        model.both = {1: nn.Parameter(1.0), "1": nn.Parameter(2.0)}
        model.state_dict()


# Nothing is lost --------------------------------------------------------------------------------


def leaf(value=2.0):
    return mt.Tensor(value, requires_grad=True)


class Scaled(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(2, 1, rng=0)
        self.s = leaf()
        self.many = [leaf(1.0), {"a": leaf(3.0)}]
        self.hidden = mt.Tensor(0.0)

    def forward(self, x):
        self.hidden = self.hidden + (self.layer(x) * self.s).sum()
        return self.hidden * self.many[0] * self.many[1]["a"]


LEAVES = ["layer.weight", "layer.bias", "s", "many.0", "many.1.a"]


def test_a_leaf_that_requires_a_gradient_is_a_parameter():
    given = leaf()
    model = Scaled()
    model.s = given
    assert model.s is given
    assert isinstance(given, nn.Parameter)
    assert [path for path, _ in model.named_parameters()] == list(model.state_dict()) == LEAVES
    assert names(model) == LEAVES
    assert repr(model).splitlines()[0].split() == ["Scaled", "6", "parameters"]
    model(np.ones((1, 2))).backward()
    before = given.item()
    nn.SGD(model.parameters()).step()
    assert given.item() != before


def test_a_leaf_is_a_parameter_wherever_it_is_put():
    model = nn.Sequential()
    model.pair = (leaf(), [leaf()])
    model.later = []
    model.later.append(leaf())
    model.later += [leaf()]
    model.named = {}
    model.named["x"] = leaf()
    model.layers.append(nn.Linear(1, 1, rng=0))
    model.layers[0].gain = leaf()
    assert names(model) == [
        "layers.0.weight", "layers.0.bias", "layers.0.gain", "pair.0", "pair.1.0", "later.0",
        "later.1", "named.x",
    ]  # fmt: skip


def test_a_leaf_that_is_frozen_stays_a_parameter():
    model = Scaled()
    for p in model.parameters():
        p.requires_grad = False
    assert list(model.state_dict()) == LEAVES
    for p in model.parameters():
        p.requires_grad = True
    assert names(model) == LEAVES


def test_a_computed_tensor_or_a_constant_is_no_parameter():
    model = Scaled()
    for _ in range(3):
        model(np.ones((1, 2)))
    model.states = [model.hidden, model.hidden * 2]
    model.constant = mt.Tensor(3.0)
    with mt.no_grad():
        model.now = model.s * 2
    assert list(model.state_dict()) == LEAVES


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_keep_leaves_and_buffers(copied):
    model = Scaled()
    model.mean = nn.Buffer([1.0, 2.0])
    model.again = [model.s, model.mean]
    twin = copied(model)
    assert bytes_of(twin) == bytes_of(model)
    assert list(twin.state_dict()) == [*LEAVES, "mean"]
    assert twin.again[0] is twin.s is not model.s
    assert twin.again[1] is twin.mean is not model.mean
    assert names(twin) == LEAVES
    assert names(nn.Sequential(nn.ReLU(), twin))[2] == "layers.1.s"
    assert twin.mean.name == "layers.1.mean"


NO_PLACE = {
    "a computed tensor": lambda w: w * 0.5,
    "a constant": lambda w: w.detach(),
    "an array": lambda w: w.numpy(),
    "a number": lambda w: 0.5,
    "a list of numbers": lambda w: [0.5, 0.5],
    "a list of tensors": lambda w: [w * 0.5],
    "text": lambda w: "0.5",
    "nothing that holds any": lambda w: [],
}


def without_record(w):
    with mt.no_grad():
        return w * 0.5


@pytest.mark.parametrize("make", [*NO_PLACE.values(), without_record], ids=[*NO_PLACE, "no_grad"])
@pytest.mark.parametrize("place", ["weight", "mean", "s", "ws.0", "ws.1.a", "named.x"])
def test_a_parameter_gives_way_to_no_other_tensor(make, place):
    model = nn.Linear(2, 1, rng=0)
    model.s, model.mean = leaf(), nn.Buffer([1.0])
    model.ws, model.named = [leaf(), {"a": leaf()}], {"x": leaf()}
    before, step = bytes_of(model), step_of(Parts())
    path = place.split(".")
    holder = model
    for key in path[:-1]:
        holder = getattr(holder, key) if isinstance(holder, nn.Module) else holder[number(key)]
    with pytest.raises(TypeError) as caught:
        if holder is model:
            setattr(model, place, make(model.weight))
        else:
            holder[number(path[-1])] = make(model.weight)
    start = f"Linear.{place}" if holder is model else place
    what = "a buffer" if place == "mean" else "a parameter"
    cure = "`m.mean.data = ...`" if place == "mean" else "inside no_grad() `m.w *= 0.5` changes it"
    message = str(caught.value)
    kind = type(make(model.weight)).__name__
    assert message.startswith(
        f"{start}: a {kind} is neither trained nor saved in the place of {what}; "
    )
    assert cure in message
    assert "\n" not in message
    assert bytes_of(model) == before
    step()


def number(key):
    return int(key) if key.isdigit() else key


@pytest.mark.parametrize(
    "change",
    [
        lambda m: setattr(m, "ws", [w * 0.5 for w in m.ws]),
        lambda m: setattr(m, "ws", tuple(w * 0.5 for w in m.ws)),
        lambda m: setattr(m, "ws", m.ws[0] * 0.5),
        lambda m: setattr(m, "ws", [m.ws[0], m.ws[1] * 0.5]),
        lambda m: m.ws.__setitem__(slice(None), (w * 0.5 for w in m.ws.copy())),
        lambda m: m.ws.__setitem__(-1, m.ws[1] * 0.5),
        lambda m: m.named.update(x=m.ws[0] * 0.5),
        lambda m: m.named.__ior__({"x": m.ws[0] * 0.5}),
        lambda m: setattr(m, "named", {"x": m.ws[0] * 0.5}),
        lambda m: setattr(m, "layer", m.layer(np.ones((1, 2)))),
        lambda m: setattr(m, "layers", m.layers[0](np.ones((1, 2)))),
        lambda m: m.layers.__setitem__(0, m.layers[0](np.ones((1, 2)))),
    ],
)
def test_lists_and_layers_give_way_to_no_tensor_either(change):
    model = nn.Sequential(nn.Linear(2, 1, rng=0))
    model.ws, model.named = [leaf(), leaf()], {"x": leaf()}
    model.layer = nn.Linear(2, 1, rng=0)
    before = bytes_of(model)
    with pytest.raises(TypeError, match="is neither trained nor saved in the place of"):
        change(model)
    assert bytes_of(model) == before
    assert names(model) == list(before)


def test_what_may_take_a_parameters_place():
    model = Pair(nn.Linear(2, 1, rng=0), nn.ReLU())
    with mt.no_grad():
        model.a.weight *= 0.5
    model.a.weight = model.a.weight
    model.a.weight = nn.Parameter([[1.0, 2.0]])
    model.a.weight = leaf([[3.0, 4.0]])
    assert model.a.weight.tolist() == [[3.0, 4.0]]
    model.b = mt.tanh  # without anything to lose
    model.b = mt.Tensor(1.0)
    model.a.bias = None
    del model.a.weight
    assert model.parameters() == []
    model.a.weight = nn.Buffer([[1.0, 2.0]])
    model.a.weight.data = model.a.weight * 2
    model.a.weight *= 2
    assert model.state_dict()["a.weight"].tolist() == [[4.0, 8.0]]
    model.a = mt.tanh
    model.ws = [leaf(), leaf()]
    model.ws = [mt.Tensor(1.0), *model.ws]
    model.ws.pop()
    model.ws.reverse()
    model.ws = []
    model.ws = {}


def test_a_parameter_that_stays_elsewhere_gives_way():
    model = nn.Sequential()
    model.start = nn.Parameter(0.5)
    model.layer = nn.Linear(1, 1, rng=0)
    for _ in range(2):
        model.state, model.states, model.last = model.start, [model.start], model.layer
        model.state = mt.tanh(model.state * 2)
        model.states = [model.state]
        model.last = model.state
        assert names(model) == ["start", "layer.weight", "layer.bias"]
    with pytest.raises(TypeError, match="in the place of a parameter"):
        model.start = model.start * 2


def test_circles_that_are_replaced_do_not_hang():
    model = nn.Sequential()
    for _ in range(2):
        around = [leaf()]
        around.append(around)
        model.around = around
    assert names(model) == ["around.0"]


@pytest.mark.parametrize(
    "make",
    [set, frozenset, collections.deque, lambda x: {str(i): p for i, p in enumerate(x)}.values()],
)
@pytest.mark.parametrize("part", [leaf(), nn.ReLU(), nn.Parameter(1.0), nn.Buffer(1.0)])
def test_collections_that_nobody_looks_into_are_refused(make, part):
    model = nn.Sequential()
    model.seen = make([1, 2])
    with pytest.raises(
        TypeError, match=r"^Sequential\.parts: .* in lists, tuples and dicts, not in"
    ):
        model.parts = make([part])


@pytest.mark.parametrize("value", [leaf(), nn.Parameter(1.0), nn.Buffer(1.0), [nn.Linear(1, 1)]])
def test_a_parameter_of_a_class_is_refused(value):
    with pytest.raises(
        TypeError,
        match=r"^Neuron\.w: no module has what its class has; set it in __init__, self\.w = ",
    ):
        type("Neuron", (nn.Module,), {"w": value})
    assert type("Fine", (nn.Module,), {"w": mt.Tensor(1.0), "act": nn.ReLU()})


# Buffers ----------------------------------------------------------------------------------------


class Centred(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(2, 1, rng=0)
        self.mean = nn.Buffer(np.zeros(2))
        self.seen = nn.Buffer(0)
        self.mask = nn.Buffer([True, False])
        self.others = [nn.Buffer(np.float32(1.5))]

    def forward(self, x):
        if self.training:
            self.mean.data = 0.5 * self.mean.data + 0.5 * x.mean(axis=0)
            self.seen.data += len(x)
        return self.layer((x - self.mean) * self.mask)


def test_a_buffer_is_saved_and_loaded_and_not_trained():
    x = np.array([[2.0, 4.0]])
    model, other = Centred(), Centred()
    model(x).sum().backward()
    assert names(model) == ["layer.weight", "layer.bias"]
    assert list(model.state_dict()) == [
        "layer.weight", "layer.bias", "mean", "seen", "mask", "others.0",
    ]  # fmt: skip
    assert (model.mean.grad, model.mean.name, model.others[0].name) == (None, "mean", "others.0")
    assert model.mean.tolist() == [1.0, 2.0]
    other.load_state_dict(model.state_dict())
    assert bytes_of(other) == bytes_of(model)
    assert other.seen.item() == 1
    assert [b.dtype for b in (other.seen, other.mask, other.others[0])] == [int, bool, np.float32]
    assert repr(model).splitlines()[0].split() == ["Centred", "3", "parameters"]


def test_a_buffer_is_found_under_one_name_in_views():
    model = Centred().eval()
    with mt.record_constants():
        program = mt.to_source(model(mt.Tensor(np.ones((3, 2)), name="X")).sum())
    assert "(X - mean) * mask" in program


def test_a_buffer_that_is_to_be_learnt_becomes_a_parameter():
    model = Centred()
    model.scale = nn.Buffer(1.0, requires_grad=True)
    assert "scale" in names(model)
    model.mean.requires_grad = True
    assert "mean" in names(model)


@pytest.mark.parametrize("value", [1, [1, 0], ["a", "b"], [1.0, 2.0]])
def test_a_buffer_takes_its_own_kind_alone(value):
    model = Centred()
    before = bytes_of(model)
    with pytest.raises(ValueError, match="mask has "):
        model.load_state_dict(model.state_dict() | {"mask": value})
    assert bytes_of(model) == before


# Names ------------------------------------------------------------------------------------------


def test_the_attribute_path_becomes_the_name():
    layer = nn.Linear(2, 1, rng=0)
    assert names(layer) == ["weight", "bias"]
    model = nn.Sequential(layer)
    assert names(model) == ["layers.0.weight", "layers.0.bias"]
    assert names(Pair(model, nn.ReLU())) == ["a.layers.0.weight", "a.layers.0.bias"]


def test_a_name_of_its_own_stays():
    layer = nn.Linear(2, 1, rng=0)
    layer.weight.name = "W1"
    model = nn.Sequential(layer)
    model.scale = nn.Parameter(1.0, name="s")
    assert names(model) == ["W1", "layers.0.bias", "s"]
    assert list(model.state_dict()) == ["layers.0.weight", "layers.0.bias", "scale"]


def linear():
    return nn.Linear(1, 1, bias=False, rng=0)


def test_a_layer_appended_to_a_list_is_named_by_its_path():
    model = nn.Sequential()
    model.tail = []
    layers = [linear(), linear()]
    for layer in layers:
        model.tail.append(layer)
    assert [layer.weight.name for layer in layers] == ["tail.0.weight", "tail.1.weight"]
    assert names(model) == ["tail.0.weight", "tail.1.weight"]


READINGS = {
    "repr": repr,
    "parameters": lambda model: [part.parameters() for _, part in model.named_modules()],
    "state": lambda model: [part.state_dict() for _, part in model.named_modules()],
    "optimizer": lambda model: nn.SGD(model.a.layers[0].parameters()),
    "call": lambda model: model.a.layers[0](np.ones((1, 2))),
    "mode": lambda model: model.a.eval(),
    "gradients": lambda model: model.a.zero_grad(),
    "load": lambda model: model.a.load_state_dict(model.a.state_dict()),
    "copy": copy.deepcopy,
}


@pytest.mark.parametrize("reading", READINGS)
def test_reading_changes_no_name(reading):
    model = Pair(nn.Sequential(nn.Linear(2, 2, rng=0), nn.Sequential(linear())), nn.ReLU())
    before = names(model)
    assert before == ["a.layers.0.weight", "a.layers.0.bias", "a.layers.1.layers.0.weight"]
    READINGS[reading](model)
    assert names(model) == before


def test_paths_go_from_the_module_that_is_read():
    model = Pair(nn.Sequential(nn.Linear(2, 2, rng=0)), nn.ReLU())
    assert list(model.a.layers[0].state_dict()) == ["weight", "bias"]
    assert names(model.a.layers[0]) == ["a.layers.0.weight", "a.layers.0.bias"]


def test_what_is_put_into_a_part_is_named_from_the_outermost_module():
    model = Pair(nn.Sequential(linear()), nn.ReLU())
    model.a.layers[0].scale = scale = nn.Parameter(1.0)
    model.a.layers.append(linear())
    model.a.heads = {"cat": linear()}
    model.a.heads["dog"] = linear()
    assert scale.name == "a.layers.0.scale"
    assert names(model) == [
        "a.layers.0.weight", "a.layers.0.scale", "a.layers.1.weight", "a.heads.cat.weight",
        "a.heads.dog.weight",
    ]  # fmt: skip


def test_a_layer_replaced_takes_over_the_name_and_the_old_one_keeps_it():
    model = nn.Sequential(linear(), linear())
    old = model.layers[0]
    model.layers[0] = linear()
    assert names(model) == ["layers.0.weight", "layers.1.weight"]
    assert old.weight.name == "layers.0.weight"
    assert names(nn.Sequential(nn.ReLU(), old)) == ["layers.1.weight"]


def test_layers_that_move_are_named_anew():
    model = nn.Sequential(linear(), linear())
    first, second = model
    model.layers.insert(0, nn.ReLU())
    assert [first.weight.name, second.weight.name] == ["layers.1.weight", "layers.2.weight"]
    del model.layers[0]
    model.layers.reverse()
    assert [first.weight.name, second.weight.name] == ["layers.1.weight", "layers.0.weight"]


def test_a_layer_in_two_models_is_named_by_the_last():
    layer = linear()
    one, two = Pair(layer, nn.ReLU()), nn.Sequential(layer)
    assert names(one) == names(two) == ["layers.0.weight"]
    one.a = layer
    assert names(one) == names(two) == ["a.weight"]


def test_a_layer_in_two_places_is_named_by_the_first():
    layer = linear()
    assert names(Pair(layer, nn.Sequential(layer))) == ["a.weight"]


def test_a_shared_parameter_is_named_by_the_place_that_is_left():
    model = Pair(nn.Parameter(1.0), None)
    model.b = model.a
    del model.a
    assert names(model) == ["b"]


# Lists and dicts --------------------------------------------------------------------------------


def test_a_list_of_layers_is_still_a_list():
    layers = [nn.ReLU(), nn.Tanh()]
    model = nn.Sequential()
    model.blocks, model.heads = layers, {"a": layers[0]}
    assert isinstance(model.blocks, list)
    assert isinstance(model.heads, dict)
    assert model.blocks == layers
    assert model.blocks[1:] == layers[1:]
    assert model.heads == {"a": layers[0]}
    assert repr(model.blocks) == repr(layers)


def test_lists_and_dicts_of_other_things_stay_the_very_objects():
    class Settings(dict):
        pass

    model = nn.Sequential()
    kept = [[1, 2], ["text"], {"a": 1}, ("x", [1]), Settings(layer=nn.ReLU())]
    for value in kept:
        model.value = value
        assert model.value is value


def test_a_list_within_a_list_is_named_too():
    model = nn.Sequential()
    model.blocks = [[linear()], {"a": linear()}]
    model.blocks[0].append(linear())
    model.blocks[1]["b"] = linear()
    model.blocks.append([])
    model.blocks[2].append(linear())
    assert names(model) == [
        "blocks.0.0.weight", "blocks.0.1.weight", "blocks.1.a.weight", "blocks.1.b.weight",
        "blocks.2.0.weight",
    ]  # fmt: skip


def test_a_list_that_holds_itself_does_not_hang():
    model = nn.Sequential()
    around = [nn.Parameter(1.0)]
    around.append(around)
    model.around = around
    assert names(model) == ["around.0"]


@pytest.mark.parametrize("given", [[], [nn.ReLU()]])
def test_a_list_changed_behind_the_modules_back_is_refused(given):
    model = nn.Sequential()
    model.blocks = given
    given.append(linear())
    with pytest.raises(ValueError, match="blocks") as caught:
        model.parameters()
    assert str(caught.value) == (
        "blocks: the list that was set was changed afterwards, but the module has a copy of it; "
        "change that instead"
    )


def test_a_list_may_change_where_the_module_has_it():
    given = [nn.ReLU()]
    model = nn.Sequential()
    model.blocks = given
    model.blocks.append(linear())
    given.clear()
    assert names(model) == ["blocks.1.weight"]


# Copies -----------------------------------------------------------------------------------------


def test_a_deep_copy_is_equal_and_independent():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Linear(2, 1, rng=1))
    twin = copy.deepcopy(model)
    assert bytes_of(twin) == bytes_of(model)
    assert list(twin.state_dict()) == list(model.state_dict())
    before = bytes_of(model)
    for parameter in twin.parameters():
        parameter.data += 1
    assert bytes_of(model) == before


def test_a_deep_copy_keeps_what_is_shared_frozen_and_narrow():
    layer = nn.Linear(2, 2, rng=0, dtype=np.float32)
    layer.bias.requires_grad = False
    twin = copy.deepcopy(Pair(layer, layer))
    assert twin.a is twin.b
    assert twin.a.weight.dtype == np.float32
    assert [p.requires_grad for p in twin.parameters()] == [True, False]
    assert all(isinstance(p, nn.Parameter) for p in twin.parameters())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_keeps_names_and_goes_on_noticing(copied):
    model = nn.Sequential(linear(), nn.Sequential(linear()))
    model.layers[0].weight.name = "W1"
    twin = copied(model)
    assert names(twin) == names(model) == ["W1", "layers.1.layers.0.weight"]
    assert names(copied(model.layers[1])) == ["layers.1.layers.0.weight"]
    assert all(p is not q for p, q in zip(twin.parameters(), model.parameters(), strict=True))
    twin.layers[1].layers.append(linear())
    assert names(twin) == [*names(model), "layers.1.layers.1.weight"]
    assert len(model.parameters()) == 2
    assert names(nn.Sequential(nn.ReLU(), twin[1]))[0] == "layers.1.layers.0.weight"


def test_a_shallow_copy_of_a_list_is_a_list_of_its_own():
    model = nn.Sequential(linear(), linear())
    shallow = model.layers.copy()
    shallow.pop(0)
    assert names(model) == ["layers.0.weight", "layers.1.weight"]


def test_copies_of_one_layer_are_named_by_their_places():
    layer = nn.Linear(2, 2, bias=False, rng=0)
    model = nn.Sequential(copy.deepcopy(layer), copy.deepcopy(layer))
    assert names(model) == ["layers.0.weight", "layers.1.weight"]


# Modes and gradients ----------------------------------------------------------------------------


def test_train_and_eval_reach_everything():
    model = Nested()
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    assert model.train() is model
    assert all(module.training for _, module in model.named_modules())


def test_a_new_module_is_in_training_mode():
    assert nn.Dropout().training


def test_a_mode_is_a_modules_own():
    first, second = nn.Dropout(), nn.Dropout()
    first.eval()
    assert second.training


def test_zero_grad_forgets_all_gradients():
    layer = nn.Linear(2, 1, rng=0)
    layer(np.ones((3, 2))).sum().backward()
    assert all(p.grad is not None for p in layer.parameters())
    layer.zero_grad()
    assert all(p.grad is None for p in layer.parameters())


# Compiled steps ---------------------------------------------------------------------------------


class Parts(nn.Module):
    """A model with something to change in every place."""

    def __init__(self):
        self.scale = 2.0
        self.act = nn.Tanh()
        self.weight = nn.Parameter(0.5)
        self.layers = [nn.Sigmoid(), [nn.Tanh()]]
        self.heads = {"a": nn.Tanh()}
        self.drop = nn.Dropout(0.0)
        self.log = []

    def forward(self, x):
        y = self.act(x * self.weight * self.scale) + (1.0 if self.drop.training else 3.0)
        for layer in [*self.layers, *self.heads.values()]:
            for part in layer if isinstance(layer, list) else [layer]:
                y = part(y)
        return y * getattr(self, "extra", 1.0)


def step_of(model):
    x = np.array([0.3, 0.4])
    step = mt.compile(lambda: model(x).sum())
    step()
    return step


CHANGES = {
    "eval": lambda m: m.eval(),
    "a number": lambda m: setattr(m, "scale", 3.0),
    "a layer": lambda m: setattr(m, "act", nn.ReLU()),
    "a parameter": lambda m: setattr(m, "weight", nn.Parameter(0.25)),
    "a new attribute": lambda m: setattr(m, "extra", 2.0),
    "a list": lambda m: setattr(m, "layers", [nn.Tanh()]),
    "an entry": lambda m: m.layers.__setitem__(0, nn.ReLU()),
    "an entry deleted": lambda m: m.layers.__delitem__(0),
    "append": lambda m: m.layers.append(nn.Tanh()),
    "append a list": lambda m: m.layers.append([nn.Tanh()]),
    "extend": lambda m: m.layers.extend([nn.Tanh()]),
    "insert": lambda m: m.layers.insert(0, nn.Tanh()),
    "pop": lambda m: m.layers.pop(),
    "remove": lambda m: m.layers.remove(m.layers[0]),
    "clear": lambda m: m.layers.clear(),
    "reverse": lambda m: m.layers.reverse(),
    "sort": lambda m: m.layers.sort(key=lambda x: isinstance(x, nn.Module)),
    "+=": lambda m: m.layers.__iadd__([nn.Tanh()]),
    "*=": lambda m: m.layers.__imul__(2),
    "a slice": lambda m: m.layers.__setitem__(slice(0, 1), [nn.ReLU(), nn.Tanh()]),
    "a list in a list": lambda m: m.layers[1].append(nn.Tanh()),
    "a key": lambda m: m.heads.__setitem__("b", nn.Tanh()),
    "another at a key": lambda m: m.heads.__setitem__("a", nn.ReLU()),
    "a key deleted": lambda m: m.heads.__delitem__("a"),
    "dict pop": lambda m: m.heads.pop("a"),
    "popitem": lambda m: m.heads.popitem(),
    "dict clear": lambda m: m.heads.clear(),
    "update": lambda m: m.heads.update(b=nn.Tanh()),
    "setdefault": lambda m: m.heads.setdefault("b", nn.Tanh()),
    "|=": lambda m: m.heads.__ior__({"b": nn.Tanh()}),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "copied",
    [lambda m: m, pytest.param(copy.deepcopy, marks=pytest.mark.acceptance)],
    ids=["itself", "a copy"],
)
def test_a_compiled_step_follows_every_change_of_a_module(change, copied):
    model = copied(Parts())
    step = step_of(model)
    before = step()
    CHANGES[change](model)
    assert step() == step.__wrapped__().item()
    assert step() != before


def test_a_compiled_step_follows_an_attribute_deleted():
    model = Parts()
    model.extra = 5.0
    step = step_of(model)
    del model.extra
    assert step() == step.__wrapped__().item()


SAME = {
    "train": lambda m: m.train(),
    "an equal number": lambda m: setattr(m, "scale", float("2")),
    "the same layer": lambda m: setattr(m, "act", m.act),
    "the same list": lambda m: setattr(m, "layers", m.layers),
    "the same entry": lambda m: m.layers.__setitem__(0, m.layers[0]),
    "nothing more": lambda m: m.layers.extend([]),
    "notes": lambda m: m.log.append(3.0),
    "notes gone": lambda m: m.log.clear(),
    "values": lambda m: m.load_state_dict(m.state_dict()),
    "gradients": lambda m: m.zero_grad(),
    "other models": lambda m: Parts(),
    "a copy": copy.deepcopy,
    "a pickle": lambda m: pickle.loads(pickle.dumps(m)),
    "repr": repr,
    "predict": lambda m: nn.predict(m, np.ones(2)),
}


def test_a_change_that_fails_changes_nothing():
    model = Parts()
    step = step_of(model)
    source = step.source
    with pytest.raises(ValueError, match="not in list"):
        model.layers.remove(None)
    step()
    assert step.source is source


@pytest.mark.parametrize("reading", SAME)
def test_a_compiled_step_is_not_recorded_anew_for_nothing(reading):
    model = Parts()
    step = step_of(model)
    source = step.source
    SAME[reading](model)
    step()
    assert step.source is source


class Stepping(nn.Module):
    """Holds the compiled step that trains it."""

    def __init__(self):
        self.layer = nn.Linear(2, 1, rng=0)
        self.step = mt.compile(self.cost)

    def cost(self, x):
        return self.layer(x).sum()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_module_that_holds_a_compiled_step_is_copied_with_it(copied):
    model, x = Stepping(), np.ones((3, 2))
    model.step(x)
    twin = copied(model)
    twin.layer.bias.data += 1.0
    assert twin.step(x) == twin.cost(x).item() != model.step(x)
    assert twin.layer.bias.grad == 3.0
    assert model.layer.bias.grad == 6.0


# Activations ------------------------------------------------------------------------------------


def test_a_class_says_that_it_is_an_activation():
    kinds = [nn.ReLU, nn.Sigmoid, nn.Tanh, nn.Softmax, nn.LeakyReLU, nn.GELU]
    assert all(kind.activation is True for kind in kinds)
    assert not nn.Linear.activation
    assert not nn.Module.activation


def test_an_attribute_of_that_name_may_hold_anything():
    class Block(nn.Module):
        def __init__(self, activation):
            self.activation = activation

        def forward(self, x):
            return self.activation(x)

    assert Block(nn.ReLU())(mt.Tensor(-1.0)).item() == 0.0


# Calls and repr ---------------------------------------------------------------------------------


def test_a_module_without_forward_says_so():
    class Unfinished(nn.Module):
        pass

    with pytest.raises(TypeError, match=r"^Unfinished has no forward\(\); write one$"):
        Unfinished()(1.0)


def test_a_call_passes_everything_on():
    class Scale(nn.Module):
        def forward(self, x, factor, *, offset=0):
            return x * factor + offset

    assert Scale()(mt.Tensor(2.0), 3, offset=1).item() == 7.0


def test_an_error_in_forward_comes_through():
    class Broken(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError, match="here"):
        nn.Sequential(Broken())(1.0)


def test_repr_shows_layers_and_counts():
    model = nn.Sequential(nn.Linear(1200, 2, rng=0), nn.Sequential(nn.ReLU(), nn.Dropout(0.2)))
    lines = repr(model).splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "Sequential 2,402 parameters",
        "layers.0: Linear(1200, 2) 2,402 parameters",
        "layers.1: Sequential",
        "layers.0: ReLU",
        "layers.1: Dropout(p=0.2)",
    ]
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 2, 4, 4]
    assert lines[0].index("2,402") == lines[1].index("2,402")
    assert all(line == line.rstrip() for line in lines)


def test_repr_counts_a_shared_layer_once():
    layer = nn.Linear(2, 2, rng=0)
    assert repr(Pair(layer, layer)).splitlines()[0].split() == ["Pair", "6", "parameters"]


def test_repr_of_a_layer_alone_is_one_line():
    assert repr(nn.Linear(2, 3, bias=False, rng=0)) == "Linear(2, 3, bias=False)  6 parameters"
    assert repr(nn.Softmax()) == "Softmax(axis=-1)"


# State ------------------------------------------------------------------------------------------


def test_state_goes_from_one_model_to_another():
    one, two = Nested(), Nested()
    for parameter in one.parameters():
        parameter.data += 0.5
    two.load_state_dict(one.state_dict())
    assert bytes_of(two) == bytes_of(one)


def test_state_is_a_copy_both_ways():
    layer = nn.Linear(1, 1, rng=0)
    state = layer.state_dict()
    state["weight"][...] = 9
    assert layer.weight.item() != 9
    layer.load_state_dict(state)
    state["weight"][...] = 8
    assert layer.weight.item() == 9


def test_loading_keeps_the_dtype_of_the_parameter():
    layer = nn.Linear(1, 1, rng=0, dtype=np.float32)
    layer.load_state_dict({"weight": [[1]], "bias": [2.5]})
    assert layer.weight.dtype == layer.bias.dtype == np.float32
    assert layer.bias.tolist() == [2.5]


def test_every_problem_of_a_state_is_listed_and_nothing_changed():
    model = nn.Sequential(nn.Linear(2, 1, rng=0), nn.Linear(1, 1, rng=0))
    before = bytes_of(model)
    state = model.state_dict()
    del state["layers.0.bias"]
    state["layers.0.weight"] = np.full((1, 2), 7.0)
    state["layers.1.weight"] = np.ones((2, 2))
    state["layers.1.bias"] = np.ones(1, dtype=complex)
    state["bias"] = np.ones(1)
    with pytest.raises(ValueError, match=r"^load_state_dict of Sequential: ") as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        "load_state_dict of Sequential: layers.0.bias is missing; bias is unknown; "
        "layers.1.weight has shape (2, 2), not (1, 1); "
        "layers.1.bias has dtype complex128, not float64"
    )
    assert bytes_of(model) == before


@pytest.mark.parametrize("value", [[[True]], [["x"]], [[None]], [[1j]]])
def test_a_state_of_other_things_than_numbers_is_refused(value):
    layer = nn.Linear(1, 1, bias=False, rng=0)
    before = bytes_of(layer)
    with pytest.raises(ValueError, match=r"weight has dtype \S+, not float64$"):
        layer.load_state_dict({"weight": value})
    assert bytes_of(layer) == before


def test_fractions_for_whole_numbers_are_refused_and_nothing_changed():
    model = nn.Sequential()
    model.scale = nn.Parameter(1.0)
    model.counts = nn.Parameter(np.array([1, 2]), requires_grad=False)
    with pytest.raises(ValueError, match="counts has dtype float64, not int64"):
        model.load_state_dict({"scale": 5.0, "counts": [0.5, 1.5]})
    assert model.scale.item() == 1.0


def test_a_gradient_through_a_loaded_value_is_refused():
    layer = nn.Linear(1, 1, rng=0)
    cost = (layer(np.ones((1, 1))) ** 2).sum()
    layer.load_state_dict({"weight": [[2.0]], "bias": [0.0]})
    with pytest.raises(mt.GradientError, match="was changed after"):
        cost.backward()


# Sequential -------------------------------------------------------------------------------------


def test_sequential_applies_its_layers_in_order():
    class Plus(nn.Module):
        def forward(self, x):
            return x + 1

    class Double(nn.Module):
        def forward(self, x):
            return x * 2

    assert nn.Sequential(Plus(), Double())(mt.Tensor(3.0)).item() == 8.0
    assert nn.Sequential(Double(), Plus())(mt.Tensor(3.0)).item() == 7.0


def test_an_empty_sequential_changes_nothing():
    x = mt.Tensor(3.0)
    assert nn.Sequential()(x) is x


def test_sequential_is_a_sequence():
    layers = [nn.Linear(1, 1, rng=0), nn.ReLU()]
    model = nn.Sequential(*layers)
    assert len(model) == 2
    assert list(model) == layers
    assert model[0] is layers[0]
    assert model[-1] is layers[1]
    with pytest.raises(IndexError):
        model[2]


@pytest.mark.parametrize("wrong", [nn.ReLU, [nn.ReLU()], np.tanh, None])
def test_sequential_refuses_what_is_no_module(wrong):
    with pytest.raises(TypeError, match=r"^Sequential: expected modules, got "):
        nn.Sequential(nn.ReLU(), wrong)


def test_what_an_ordered_dict_holds_isnt_lost():
    class Held(nn.Module):
        def __init__(self):
            self.parts = collections.OrderedDict(a=nn.Parameter([1.0]), b=nn.Linear(1, 1, rng=1))

    model = Held()
    assert list(model.parts) == ["a", "b"]
    assert [p.name for p in model.parameters()] == ["parts.a", "parts.b.weight", "parts.b.bias"]
    for change in (lambda: model.parts.update(a=model.parts["a"] * 0.5), lambda: replace(model)):
        with pytest.raises(
            TypeError, match="neither trained nor saved in the place of a parameter"
        ):
            change()
    assert len(list(model.parameters())) == 3


def replace(model):
    model.parts["a"] = model.parts["a"] * 0.5


# Whatever holds parameters ----------------------------------------------------------------------


class Own(dict):
    pass


class Listed(list):
    pass


Named = collections.namedtuple("Named", "a b")


def empty():
    return nn.Sequential()


def test_a_defaultdict_names_and_keeps_what_is_put_in():
    model = empty()
    model.heads = collections.defaultdict(list)
    model.heads["cat"].append(linear())
    model.heads.setdefault("dog", []).append(linear())
    assert names(model) == ["heads.cat.0.weight", "heads.dog.0.weight"]
    twin = pickle.loads(pickle.dumps(model))
    twin.heads["cow"].append(linear())
    assert names(twin) == [*names(model), "heads.cow.0.weight"]
    model.plain = {"x": leaf()}
    with pytest.raises(KeyError, match="'y'"):
        model.plain["y"]


HELD = {
    "a defaultdict": lambda p: collections.defaultdict(float, w=p),
    "a dict in a tuple": lambda p: (1, {"w": p}),
    "a list in a tuple": lambda p: ([p], "text"),
    "a list in tuples": lambda p: (((), ("x", [p])),),
    "a list in a named tuple": lambda p: Named([p], 2),
    "a tuple in a list": lambda p: [({"w": p},)],
    "a tuple in a defaultdict": lambda p: collections.defaultdict(int, {"a": (["x"], {"w": p})}),
}


def deepest(value, p):
    """The list or dict that holds p, and its key."""
    while True:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        key, inner = next((k, x) for k, x in pairs if x is p or p in flat(x))
        if inner is p:
            return value, key
        value = inner


def flat(value):
    if not isinstance(value, list | tuple | dict):
        return []
    inside = list(value.values() if isinstance(value, dict) else value)
    return [id_ for x in inside for id_ in ([x, *flat(x)] if isinstance(x, mt.Tensor) else flat(x))]


@pytest.mark.parametrize("make", HELD.values(), ids=HELD)
@pytest.mark.parametrize("kind", [leaf, lambda: nn.Buffer(1.0)])
def test_no_holder_loses_what_it_holds(make, kind):
    model, p = empty(), kind()
    model.parts = make(p)
    (path,) = model.state_dict()
    assert p.name == path
    assert isinstance(model.parts, dict | list | type(make(p)))
    holder, key = deepest(model.parts, p)
    step = step_of(Parts())
    with pytest.raises(TypeError, match=rf"^{path}: a Tensor is neither trained nor saved in the"):
        holder[key] = p * 0.5
    assert list(model.state_dict()) == [path]
    holder[key] = nn.Parameter(3.0)
    assert names(model) == [path]
    step()


@pytest.mark.parametrize(
    "make",
    [
        lambda p: Own(w=p),
        lambda p: Listed([p]),
        lambda p: [Own(w=[p])],
        lambda p: (Listed([p]),),
        lambda p: {"a": Own(layer=linear())},
        lambda p: [{p}],
        lambda p: {"a": collections.deque([p])},
        lambda p: collections.UserList([p]),
        lambda p: collections.UserDict(w=p),
        lambda p: collections.ChainMap({"w": p}),
        lambda p: collections.Counter(w=p),
    ],
)  # fmt: skip
@pytest.mark.parametrize("how", ["set", "append", "late"])
def test_a_holder_that_nobody_watches_is_refused(make, how):
    model = empty()
    model.parts = []
    with pytest.raises(TypeError, match=r"found in lists, tuples and dicts, not in a \w+; make it"):
        if how == "set":
            model.other = make(nn.Parameter(1.0))
        elif how == "append":
            model.parts.extend([make(nn.Parameter(1.0))])
        else:
            vars(model)["other"] = make(nn.Parameter(1.0))
            model.other = model.other
            model.parameters()
    if how != "late":
        assert vars(model).keys() == vars(empty()).keys() | {"parts"}
        assert model.parts == []


def test_what_is_filled_later_is_refused_or_watched_once_it_is_read():
    model = empty()
    model.mine, model.settings = Own(), {"rate": 1}
    model.settings["w"] = leaf()
    assert names(model) == ["settings.w"]
    with pytest.raises(TypeError, match=r"^settings\.w: a Tensor is neither trained"):
        model.settings["w"] = model.settings["w"] * 0.5
    model.mine["w"] = nn.Parameter(1.0)
    with pytest.raises(TypeError, match=r"^mine: .* not in a Own; make it a dict$"):
        model.parameters()


def test_a_change_of_a_list_that_fails_halfway_changes_nothing():
    def some():
        yield linear()
        raise RuntimeError("halfway")

    model = empty()
    with pytest.raises(RuntimeError, match="halfway"):
        model.layers.extend(some())
    assert model.layers == []


def test_what_was_computed_from_a_parameter_that_nobody_holds_is_told():
    class Lost(nn.Module):
        def __init__(self, wrap):
            self.w = wrap(nn.Parameter([1.0, 2.0]) * 0.1)

    for wrap in (lambda x: x, lambda x: [x], lambda x: (x, 1), lambda x: {"a": x}):
        with pytest.raises(
            TypeError, match=r"^Lost\.w: this was computed from a parameter that no module holds, "
        ):
            Lost(wrap)


def test_what_was_computed_otherwise_is_kept_without_a_word():
    loose, x, other = nn.Parameter(1.0), leaf(), Scaled()

    class Kept(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(1.0)
            self.own = nn.Parameter(2.0, name="own")
            self.h = self.w * self.own
            self.of_another, self.of_an_input = other.s * 2, x * 2
            with mt.no_grad():
                self.constant = loose * 2

        def forward(self, x):
            self.hidden = loose * x
            self.all = [self.hidden]
            return self.hidden

    model = Kept()
    model(x)
    model(x)
    model.outside = loose * 2
    assert names(model) == ["w", "own"]


class Caching(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1, rng=0)
        self.seen = []

    def forward(self, x, others=(), *, extra=None):
        self.x, self.others, self.extra = x, others, extra
        self.seen.append(x)
        self.inner = nn.Linear(1, 1, rng=0)(x)
        return self.layer(x)


def test_an_input_that_a_module_keeps_is_no_parameter():
    x, y, z = leaf([[1.0]]), leaf([[2.0]]), leaf([[3.0]])
    model = Caching()
    for _ in range(2):
        nn.Sequential(model)(x).sum().backward()
        model(x, [y], extra={"z": z})
        assert names(model) == ["layers.0.layer.weight", "layers.0.layer.bias"]
    assert x.grad.tolist() == (2 * model.layer.weight.data).tolist()
    assert model.x is x
    del model.inner
    assert len(copy.deepcopy(model).parameters()) == 2
    assert len(pickle.loads(pickle.dumps(model)).parameters()) == 2


def test_a_leaf_made_within_a_call_is_a_parameter():
    class Lazy(nn.Module):
        def forward(self, x):
            if not hasattr(self, "w"):
                self.w = leaf(np.ones(x.shape[-1]))
            return x * self.w

    model = Lazy()
    model(leaf([1.0, 2.0]))
    assert names(model) == ["w"]


HOSTILE = "a\n__import__('os')\u202e\x00"


def test_names_are_harmless_in_every_text():
    model = type("Model\n", (nn.Module,), {"extra_repr": lambda self: HOSTILE})()
    setattr(model, HOSTILE, nn.Linear(1, 1, rng=0))
    model.layers = {HOSTILE: nn.ReLU()}
    for line in repr(model).splitlines():
        assert line.isprintable()
    assert len(repr(model).splitlines()) == 3
    model.s = nn.Parameter(1.0, name=HOSTILE)
    named = nn.Sequential()
    setattr(named, HOSTILE, nn.Parameter([1.0]))
    for wrong in (
        lambda: setattr(model, HOSTILE, mt.Tensor(1.0)),
        lambda: setattr(model, f"b{HOSTILE}", {nn.Parameter(1.0)}),
        lambda: model.load_state_dict({}),
        lambda: named.load_state_dict({HOSTILE: [1.0, 2.0]}),
        lambda: nn.SGD([model.s * 2]),
        lambda: nn.SGD([nn.Parameter(1.0, name=HOSTILE) * 2]),
        lambda: type("A", (nn.Module,), {HOSTILE: nn.Parameter(1.0)}),
    ):
        with pytest.raises((TypeError, ValueError)) as caught:
            wrong()
        assert str(caught.value).isprintable()

    def cost():
        return (named.parameters()[0] ** 2).sum()

    cost.__name__ = HOSTILE
    assert repr(mt.compile(cost)).isprintable()
