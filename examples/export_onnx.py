"""A model in ONNX, for any number of examples: its graph, translated rule by rule."""

import numpy as np
from onnx import defs, helper, numpy_helper

from microtensor import Graph, Tensor, record_constants, sliding_window_view

OTHERS = """absolute Abs concatenate Concat divide Div expand_dims Reshape getitem Gather
matmul MatMul maximum Max minimum Min multiply Mul negative Neg power Pow sliding_window_view Gather
square Pow squeeze Reshape subtract Sub axes perm subscripts equation""".split()
NAMES = dict[str, str](zip(OTHERS[::2], OTHERS[1::2], strict=True))  # in ONNX, where they differ


def to_onnx(model, X):
    """The model in evaluation mode, in X's dtype; X (n, ...) are at least two examples, unlike."""
    batches = [Tensor(X[rows], name="inputs") for rows in ([0, 1], [1, 0, 1])]
    with record_constants():  # what differs between the two depends on the examples
        graph, again = (Graph.of(model.eval()(x)) for x in batches)
    names = {x.id: x.path or (x.name if x.named else x.id) for x in graph.nodes}
    names[graph.result.id] = "outputs"
    steps, arrays, kind = [], {}, helper.np_dtype_to_tensor_dtype(X.dtype)
    for node, other in zip(graph.nodes, again.nodes, strict=True):
        name, inputs = names[node.id], [names[x.id] for x in graph.operands(node.id)]
        value, new = np.asarray(node.value), np.asarray(other.value)
        same = node.rule == "reshape" or str(node.options) == str(other.options)
        if node.rule is not None and node.rule == other.rule and same:
            shape = [-1 if n != m else n for n, m in zip(value.shape, new.shape, strict=True)]
            operator, told, *more = translation(node, shape, graph.operands(node.id)[0], X.dtype)
            if operator == "Gather":  # out of every example as one row
                steps.append(helper.make_node("Flatten", inputs, inputs := [f"{name}.rows"]))
            arrays |= (extra := {f"{name}.{k}": np.asarray(x) for k, x in enumerate(more)})
            steps.append(helper.make_node(operator, [*inputs, *extra], [name], **told))
        elif name != "inputs":
            if node.rule is not None or not np.array_equal(value, new):
                raise ValueError(f"to_onnx: {node.name} depends on the inputs, and isn't recorded")
            arrays[name] = value.astype(bool if value.dtype == bool else X.dtype)
    stored = [numpy_helper.from_array(x, k) for k, x in arrays.items()]
    ends = zip(("inputs", "outputs"), (X.shape, graph.result.value.shape), strict=True)
    ends = [[helper.make_tensor_value_info(k, kind, ["n", *shape[1:]])] for k, shape in ends]
    made = helper.make_graph(steps, type(model).__name__, *ends, stored)
    return helper.make_model_gen_version(made, opset_imports=[helper.make_opsetid("", 18)])


def translation(node, shape, x, dtype):  # operator, attributes, and arrays behind the operands
    told = {NAMES.get(key, key): value for key, value in node.options.items() if value is not None}
    operator = NAMES.get(node.rule, node.rule.title().replace("_", ""))
    if operator == "Reshape" or node.rule == "square":
        return operator, {}, shape if operator == "Reshape" else 2
    if operator == "Pad":
        return operator, {}, np.ravel(told["widths"], order="F"), np.asarray(told["value"], dtype)
    if "keepdims" in told and defs.has(f"Reduce{operator}"):
        return f"Reduce{operator}", told, np.ravel(told.pop("axis", ())).astype(int)
    if operator == "Gather":  # of the places within an example
        at = np.arange(x.value.size).reshape(x.value.shape)
        at = at[told["index"]] if "index" in told else sliding_window_view(at, *told.values()).data
        if at.shape[:1] == (2,) and (at[1] - at[0] == x.value[0].size).all():
            return operator, {"axis": 1}, at[0]
    elif defs.has(operator) and told.keys() <= defs.get_schema(operator).attributes.keys():
        return operator, told
    raise ValueError(f"to_onnx: {node.rule} has no translation, at {node.expression}")
