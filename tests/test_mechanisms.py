"""Each mechanism of the complete memory alone: facts of the paper that one can check by hand.

Both scripts are asked the same questions, in the layout of dnc-debug.py: batch last.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from helpers import complex_step, load, new_state, options_of, random_state, relative_error, weighting
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

BACKWARD, CONTENT, FORWARD = range(3)  # the read modes
MEMORY = ("M", "u", "p", "L", "ww", "wr")


def plain():
    """The mechanisms of dnc-debug.py, as they are."""
    net = load("dnc-debug.py")

    def step(z, before):
        """One step of the whole memory; z: name of an interface parameter -> what it gives, W h."""
        ends = np.cumsum([len(value) for value in z.values()])[:-1]
        size = sum(map(len, z.values()))
        params = dict(zip(z, np.split(np.eye(size), ends), strict=True)) | {"bi": np.zeros((size, 1))}
        return net.complete_memory(params, np.concatenate(list(z.values())), before)[0]

    names = ("content_weighting", "usage", "allocation", "write_weighting", "write", "links", "precedence")
    names += ("read_weighting", "read")
    functions = {name: getattr(net, name) for name in (*names, *(f"{name}_backward" for name in names))}
    functions |= {
        "normalize": lambda x: net.normalize(x)[0],
        "normalize_backward": lambda d, x: net.normalize_backward(d, *net.normalize(x)),
    }
    return SimpleNamespace(**functions, step=step)


def fast():
    """Those of dnc-numpy.py, which take the batch first and hand results on to their backward."""
    net = load("dnc-numpy.py")

    def first(*values):
        return tuple(np.moveaxis(value, -1, 0) for value in values)

    def last(result):
        return tuple(map(last, result)) if isinstance(result, tuple) else np.moveaxis(result, 0, -1)

    def content_weighting(M, k, beta):
        M, k, beta = first(M, k, beta)
        return last(net.content_weighting(M, net.norm(M), k, net.norm(k), beta)[0])

    def content_weighting_backward(dc, M, k, beta):
        dc, M, k, beta = first(dc, M, k, beta)
        M_norm, k_norm = net.norm(M), net.norm(k)
        c, cache = net.content_weighting(M, M_norm, k, k_norm, beta)
        dproducts, dM_norm, dk, dlog_beta = net.content_weighting_backward(dc, c, *cache, M, M_norm)
        dM = dproducts.swapaxes(1, 2) @ k + net.norm_backward(dM_norm, M, M_norm)
        return last((dM, dk + net.norm_backward(-dlog_beta / k_norm, k, k_norm), dlog_beta / beta))

    def allocation_backward(da, u):
        da, u = first(da, u)
        return last(net.allocation_backward(da, net.allocation(u)[1], np.tri(u.shape[1], k=-1)))

    def usage_backward(du, *args):
        du, *args = first(du, *args)
        slopes = net.usage_slopes(*(value[None] for value in args))  # of one step
        return last(net.usage_backward(du, *(value[0] for value in slopes)))

    def write_weighting_backward(dww, a, cw, ga, gw):
        dww, *args = first(dww, a, cw, ga, gw)
        return last(net.write_weighting_backward(dww, *args, np.ones((a.shape[0], 1))))

    def links_backward(dL, *args):
        dL, *args = first(dL, *args)
        ones = np.ones((dL.shape[1], 1))
        return last(net.links_backward(dL.copy(), net.links(*args)[1], *args, ones))

    def precedence_backward(dp, p0, ww):
        dp, p0, ww = first(dp, p0, ww)
        return last(net.precedence_backward(dp, net.precedence(p0, ww)[1], p0, np.ones((p0.shape[1], 1))))

    def write(M0, ww, e, v):
        M0, ww, e, v = first(M0, ww, e, v)
        return last(net.write(M0, ww, np.concatenate([v, e], axis=1))[0])

    def write_backward(dM, M0, ww, e, v):
        dM, M0, ww, e, v = first(dM, M0, ww, e, v)
        ve = np.concatenate([v, e], axis=1)
        dM0, dww, dve = net.write_backward(dM, net.write(M0, ww, ve)[1], M0, ww, ve)
        dv, de = np.split(dve, 2, axis=1)
        return last((dM0, dww, de, dv))

    def read_weighting_backward(dwr, L, wr0, cr, pi):
        dwr, L, wr0, cr, pi = first(dwr, L, wr0, cr, pi)
        return last(net.read_weighting_backward(dwr, L, wr0, pi, net.read_weighting(L, wr0, cr, pi)[1]))

    def step(z, before):
        """One step of the whole memory; z: name of an interface parameter -> what it gives, W h."""
        rows = net.rows_of(z, net.PAPER_ROWS)
        at = {part: slice(rows[one].start, rows[two].stop) for part, (one, two) in net.PARTS.items()}
        xi = np.concatenate([z[name] for name in rows])
        before = first(*(before[name] for name in MEMORY))
        r = np.empty((len(z["Whr"]), xi.shape[1]))
        const = {"at": at, "half": 0.5, "bias": 0}
        after, _ = net.complete_memory(xi, (*before, net.norm(before[0])), r, const)
        memory = dict(zip(MEMORY, after, strict=False))
        return {"r": r} | {name: last(memory[name]) for name in MEMORY}

    return SimpleNamespace(
        content_weighting=content_weighting,
        content_weighting_backward=content_weighting_backward,
        usage=lambda *args: last(net.usage(*first(*args))),
        usage_backward=usage_backward,
        allocation=lambda u: last(net.allocation(*first(u))[0]),
        allocation_backward=allocation_backward,
        write=write,
        write_backward=write_backward,
        write_weighting=lambda *args: last(net.write_weighting(*first(*args))),
        write_weighting_backward=write_weighting_backward,
        links=lambda *args: last(net.links(*first(*args))[0]),
        links_backward=links_backward,
        precedence=lambda *args: last(net.precedence(*first(*args))[0]),
        precedence_backward=precedence_backward,
        read_weighting=lambda *args: last(net.read_weighting(*first(*args))[0]),
        read_weighting_backward=read_weighting_backward,
        step=step,
    )


both = pytest.mark.parametrize("net", [plain(), fast()], ids=["dnc-debug", "dnc-numpy"])


def column(*values):
    """Values of one sequence: a batch of 1 behind them."""
    return np.array(values, float)[..., None]


def one_hot(at, N=4):
    """A weighting that is all at one location."""
    return column(*np.eye(N)[at])


# ---------------------------------------------------------------------------------------------- allocation


@both
@pytest.mark.parametrize("free", range(4))
def test_allocation_gives_all_to_the_one_free_location(net, free):
    u = 1 - one_hot(free)
    assert np.allclose(net.allocation(u), one_hot(free), atol=2e-6)


@both
def test_allocation_gives_nothing_when_all_are_used(net):
    assert np.allclose(net.allocation(column(1, 1, 1, 1)), 0, atol=1e-12)


@both
def test_allocation_gives_all_to_the_first_of_several_free_locations(net):
    assert np.allclose(net.allocation(column(1, 0, 0, 0)), one_hot(1), atol=2e-6)


@both
def test_allocation_by_hand(net):
    """From the least used up: 1 - 0.2; 0.2 (1 - 0.4); 0.2 0.4 (1 - 0.5); 0.2 0.4 0.5 (1 - 0.9)."""
    a = net.allocation(column(0.5, 0.2, 0.9, 0.4))
    assert np.allclose(a, column(0.04, 0.8, 0.004, 0.12), atol=1e-5)


# --------------------------------------------------------------------------------------------------- usage


@both
def test_usage_grows_where_it_is_written_and_falls_where_a_read_location_is_freed(net):
    u0, ww0, wr0 = column(1, 1, 0.5, 0), column(0, 0, 0.5, 0), column([0.75, 0.25, 0, 0])
    assert np.allclose(net.usage(u0, ww0, wr0, column(0)), column(1, 1, 0.75, 0))
    assert np.allclose(net.usage(u0, ww0, wr0, column(1)), column(0.25, 0.75, 0.75, 0))
    assert np.allclose(net.usage(u0, ww0, wr0, column(0.5)), column(0.625, 0.875, 0.75, 0))


@both
def test_every_head_can_free_what_it_reads_and_no_other(net):
    u0, nothing = column(1, 1, 1, 1), column(0, 0, 0, 0)
    wr0 = column([1, 0, 0, 0], [0, 1, 0, 0], [0.5, 0, 0.5, 0])
    assert np.allclose(net.usage(u0, nothing, wr0, column(1, 0, 0)), column(0, 1, 1, 1))
    assert np.allclose(net.usage(u0, nothing, wr0, column(0, 1, 1)), column(0.5, 0, 0.5, 1))


# --------------------------------------------------------------------------------------------------- links


def linked(net, order):
    """The links after writing whole locations in an order: the precedence is then the write before."""
    L, p = np.zeros((4, 4, 1)), np.zeros((4, 1))
    for location in order:
        L, p = net.links(L, one_hot(location), p), one_hot(location)
    return L


@both
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 0, 3, 1), (3, 1)])
def test_reads_walk_the_order_of_the_writes_and_back(net, order):
    L = linked(net, order)
    for mode, walk in (FORWARD, order), (BACKWARD, order[::-1]):
        wr = one_hot(walk[0])[None]
        for location in walk[1:]:
            wr = net.read_weighting(L, wr, np.ones((1, 4, 1)), column(np.eye(3)[mode]))
            assert np.allclose(wr[0], one_hot(location))
        assert not net.read_weighting(L, wr, np.ones((1, 4, 1)), column(np.eye(3)[mode])).any()


@both
def test_a_location_written_again_loses_its_old_links(net):
    """0, 1, 2, then 1 again: 1 now comes after 2, no longer after 0, and nothing comes after 1."""
    L = linked(net, (0, 1, 2, 1))[:, :, 0]
    assert np.array_equal(np.argwhere(L), [[1, 2]])


@both
def test_a_location_is_never_linked_to_itself(net, rng):
    """Whatever it is given: full links, a precedence and a write that share a location."""
    L = net.links(rng.random((4, 4, 3)), weighting(rng, (4, 3)), weighting(rng, (4, 3)))
    assert not np.einsum("iib->ib", L).any()
    assert (L + np.eye(4)[:, :, None] > 0).all()


@both
def test_links_by_hand(net):
    """L[0, 1] = (1 - 0.5 - 0.25) 0.4 + 0.5 0.8, L[1, 0] = (1 - 0.5 - 0.25) 0.2 + 0.25 0.1."""
    L = net.links(column([0, 0.4], [0.2, 0]), column(0.5, 0.25), column(0.1, 0.8))
    assert np.allclose(L, column([0, 0.5], [0.075, 0]))


# ------------------------------------------------------------------------------------- content, write, read


@both
def test_content_lookup_with_a_large_strength_returns_the_matching_row(net, rng):
    """By angle, not by size: keys three times and a third of a row, and a row far longer than the others."""
    M = rng.standard_normal((4, 8, 1)) * column(1, 1, 100, 1)[:, None]
    k = np.stack([3 * M[3], M[0] / 3, M[1]])
    c = net.content_weighting(M, k, column(1e4, 1e4, 1e4))
    assert np.allclose(c, np.stack([one_hot(3), one_hot(0), one_hot(1)]), atol=1e-6)


@both
def test_content_weighting_by_hand(net):
    """Cosines 1, 0, -1 and strength log 3: weights in the proportion 3, 1, 1/3."""
    M, k = column([2, 0], [0, 5], [-3, 0]), column([7, 0])
    c = net.content_weighting(M, k, column(np.log(3)))
    assert np.allclose(c, column([9 / 13, 3 / 13, 1 / 13]), atol=1e-5)


@both
def test_equal_rows_get_equal_weights(net, rng):
    for M in (np.ones((4, 3, 1)), np.zeros((4, 3, 1))):
        c = net.content_weighting(M, rng.standard_normal((2, 3, 1)), column(1, 1e4))
        assert np.allclose(c, 0.25)


@both
def test_write_erases_and_adds_where_it_is_told(net):
    M0, v = column([1, 2], [3, 4]), column(10, 20)
    assert np.array_equal(net.write(M0, column(0, 1), column(1, 0), v), column([1, 2], [10, 24]))
    assert np.array_equal(net.write(M0, column(0, 0), column(1, 1), v), M0)
    assert np.array_equal(net.write(M0, column(0.5, 0), column(1, 1), v), column([5.5, 11], [3, 4]))


@both
def test_each_head_has_its_own_mix_of_modes(net):
    """Halves of forward and content for one head, backward alone for the other."""
    L, cr = linked(net, (0, 1, 2, 3)), column([0, 0, 0, 1], [1, 0, 0, 0])
    wr0 = np.stack([one_hot(0), one_hot(2)])
    wr = net.read_weighting(L, wr0, cr, column([0, 0.5, 0.5], [1, 0, 0]))
    assert np.allclose(wr, column([0, 0.5, 0, 0.5], [0, 1, 0, 0]))


def test_the_parts_that_only_dnc_debug_has_a_function_for():
    net = load("dnc-debug.py")
    a, cw = one_hot(0), one_hot(1)
    assert np.allclose(net.write_weighting(a, cw, column(0.25), column(0.8)), column(0.2, 0.6, 0, 0))
    assert not net.write_weighting(a, cw, column(0.25), column(0)).any()
    assert np.allclose(net.precedence(column(0.5, 0.5), column(0, 0.6)), column(0.2, 0.8))
    assert np.array_equal(net.precedence(column(0.5, 0.5), column(0, 0)), column(0.5, 0.5))
    M, wr = column([1, 2], [3, 4]), column([0, 1], [0.5, 0.25])
    assert np.allclose(net.read(M, wr), column([3, 4], [1.25, 2]))


# -------------------------------------------------------------------------------------------- whole memory


def interface(heads=1, width=4, **parts):
    """What steers one step, of one sequence: gates shut, keys of nothing, unless parts say otherwise."""
    R, W = heads, width
    rows = {"Whr": R * W, "Whv": W, "Whw": W, "Whe": W, "Whbr": R, "Whbw": 1, "Whf": R, "Whga": 1, "Whgw": 1}
    z = {name: np.zeros((count, 1)) for name, count in rows.items()} | {"Whm": np.zeros((3 * R, 1))}
    z |= {name: np.full_like(z[name], -1e4) for name in ("Whf", "Whga", "Whgw")}
    return z | {
        name: np.broadcast_to(np.reshape(part, (-1, 1)), z[name].shape) for name, part in parts.items()
    }


def empty_memory(N=4, W=4, R=1, B=1):
    """A memory that begins: all zero."""
    net = load("dnc-debug.py")
    params = net.init_params(np.random.default_rng(0), 2, 1, "paper", R, W)
    state = new_state(net, params, options_of("dnc-debug-paper-standard", N), B)
    return {name: state[name] for name in MEMORY}


def writing(letter):
    """Write a letter, 0 to 3, to wherever the allocation says."""
    return interface(Whv=np.eye(4)[letter], Whe=1e4, Whga=1e4, Whgw=1e4)


def reading(mode, letter=0, free=False):
    """Read without writing, in one mode; the letter is the key."""
    modes = 1e4 * (np.eye(3)[mode] - 1)
    return interface(Whr=np.eye(4)[letter], Whbr=1e4, Whm=modes, Whf=1e4 if free else -1e4)


def written(net, letters):
    """The memory after writing letters, each into a location of its own, and the location of each."""
    state = empty_memory()
    for letter in letters:
        state = net.step(writing(letter), state)
    places = state["M"][:, letters, 0].argmax(axis=0)
    assert sorted(places) == [0, 1, 2, 3]
    assert np.allclose(state["M"][places, :, 0], np.eye(4)[letters], atol=1e-4)
    return state, places


@both
def test_the_memory_can_copy_a_string_forward_and_backward(net):
    """The paper's copy task with the gates set by hand: write, find the first letter, walk on, walk back."""
    letters, read = [2, 0, 3, 1], []
    state, _ = written(net, letters)
    for mode in (CONTENT, FORWARD, FORWARD, FORWARD, BACKWARD, BACKWARD, BACKWARD):
        state = net.step(reading(mode, letters[0]), state)
        assert state["r"].max() > 0.999
        read.append(int(state["r"].argmax()))
    assert read == [2, 0, 3, 1, 3, 0, 2]


@both
def test_what_is_read_and_freed_is_written_over_and_nothing_else(net):
    """The free gate frees what the step before has read: here the place of letter 3, not that of 0."""
    letters = [2, 0, 3, 1]
    state, places = written(net, letters)
    state = net.step(reading(CONTENT, letter=3), state)
    assert np.allclose(state["u"], 1, atol=1e-4)
    state = net.step(reading(CONTENT, letter=0, free=True), state)
    assert np.allclose(state["u"], 1 - one_hot(places[2]), atol=1e-4)
    state = net.step(writing(1), state)
    assert np.allclose(state["M"][places, :, 0], np.eye(4)[[2, 0, 1, 1]], atol=1e-3)


@both
def test_a_full_memory_has_no_room_for_more(net):
    state, _ = written(net, [2, 0, 3, 1])
    after = net.step(writing(3), state)
    assert np.allclose(after["M"], state["M"], atol=1e-4)
    assert after["ww"].max() < 1e-4


# ------------------------------------------------------------------------------------------ backward passes


def mechanism_arguments(rng, R=2, N=5, W=3, B=2):
    """Name of a mechanism -> its arguments, at random but within their bounds."""
    ww, p = weighting(rng, (N, B)), weighting(rng, (N, B))
    wr, cr = weighting(rng, (R, N, B)), weighting(rng, (R, N, B))
    M, k, beta = rng.standard_normal((N, W, B)), rng.standard_normal((R, W, B)), 1 + 3 * rng.random((R, B))
    L = random_state(rng, {"L": np.zeros((N, N, B)), "u": ww, "p": p, "ww": ww, "wr": wr})["L"]
    e, v, u, gate = rng.random((W, B)), rng.standard_normal((W, B)), rng.random((N, B)), rng.random((2, 1, B))
    return {
        "normalize": (M,),
        "content_weighting": (M, k, beta),
        "usage": (u, ww, wr, rng.random((R, B))),
        "allocation": (u,),
        "write_weighting": (p, ww, *gate),
        "write": (M, ww, e, v),
        "links": (L, ww, p),
        "precedence": (p, ww),
        "read_weighting": (L, wr, cr, weighting(rng, (R, 3, B))),
        "read": (M, wr),
        "softmax": (M, 1),
    }


def check_backward(forward, backward, args, rng):
    """backward(d, *args) against the exact gradient of the sum of d times forward(*args)."""
    d = rng.standard_normal(forward(*args).shape)
    exact = complex_step(
        lambda stepped: (d * forward(*(value + 0j for value in stepped.values()))).sum(),
        dict(enumerate(args)),
    )
    grads = backward(d, *args)
    grads = grads if isinstance(grads, tuple) else (grads,)
    assert relative_error(dict(enumerate(grads)), exact) < 1e-9


SHARED = (
    "content_weighting",
    "usage",
    "allocation",
    "write_weighting",
    "write",
    "links",
    "precedence",
)
SHARED += ("read_weighting",)


@both
@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("heads", [1, 3])
def test_each_mechanism_has_an_exact_backward(net, name, heads, rng):
    args = mechanism_arguments(rng, R=heads)[name]
    check_backward(getattr(net, name), getattr(net, f"{name}_backward"), args, rng)


@pytest.mark.parametrize("name", ["normalize", "read"])
def test_so_have_those_that_only_dnc_debug_has(name, rng):
    net = plain()
    check_backward(getattr(net, name), getattr(net, f"{name}_backward"), mechanism_arguments(rng)[name], rng)


@pytest.mark.parametrize("script", ["dnc-numpy.py", "dnc-debug.py"])
def test_so_has_the_softmax(script, rng):
    net = load(script)

    def backward(dw, y):
        return net.softmax_backward(dw, net.softmax(y, axis=1), axis=1)

    check_backward(lambda y: net.softmax(y, axis=1), backward, (rng.standard_normal((3, 4, 2)),), rng)


@both
def test_the_allocation_has_a_backward_at_usages_of_0_and_1(net, rng):
    """Where a product of all the others, got by dividing, would be 0 / 0."""
    u = column(0, 1, 0, 1, 0.5)
    check_backward(net.allocation, net.allocation_backward, (u,), rng)


@both
def test_the_usage_has_a_backward_where_heads_free_all(net, rng):
    """Two heads that read one location whole: its retention is 0 twice over."""
    args = column(1, 0.5, 0), column(0, 0.5, 0), column([1, 0, 0], [1, 0, 0]), column(1, 1)
    check_backward(net.usage, net.usage_backward, args, rng)


# --------------------------------------------------------------------------------------------- properties

ROUNDING = 1e-9


def numbers(shape, low, high):
    """Arrays with any numbers from low to high."""
    return arrays(np.float64, shape, elements=st.floats(low, high))


def at_most_1(*weights):
    """Weightings: nothing negative, and a sum of at most 1 over the last axis but one."""
    for w in weights:
        assert w.min() >= -ROUNDING
        assert w.sum(axis=-2).max() <= 1 + ROUNDING


@both
@given(u=numbers((5, 2), 0, 1))
def test_allocation_is_a_weighting(net, u):
    a = net.allocation(u)
    at_most_1(a)
    assert np.allclose(a.sum(axis=0), 1 - u.prod(axis=0), atol=1e-5)  # what is given is what is free


@both
@given(
    u0=numbers((4, 2), 0, 1), ww0=numbers((4, 2), 0, 1), wr0=numbers((2, 4, 2), 0, 1), f=numbers((2, 2), 0, 1)
)
def test_usage_stays_in_bounds_and_freeing_only_lowers_it(net, u0, ww0, wr0, f):
    u, kept = net.usage(u0, ww0, wr0, f), net.usage(u0, ww0, wr0, 0 * f)
    assert u.min() >= 0 and kept.max() <= 1 + ROUNDING
    assert (u <= kept + ROUNDING).all()
    assert (kept >= np.maximum(u0, ww0) - ROUNDING).all()


@both
@given(M=numbers((4, 3, 1), -1e4, 1e4), k=numbers((2, 3, 1), -1e4, 1e4), beta=numbers((2, 1), 1, 1e4))
def test_content_weighting_sums_to_1_and_follows_the_cosine(net, M, k, beta):
    c = net.content_weighting(M, k, beta)
    at_most_1(c)
    assert np.allclose(c.sum(axis=1), 1)
    normalize = plain().normalize
    cosine = np.einsum("nwb,kwb->knb", normalize(M), normalize(k))
    assert np.abs(cosine).max() <= 1 + ROUNDING
    best = np.take_along_axis(c, cosine.argmax(axis=1)[:, None], axis=1)
    assert np.allclose(best[:, 0], c.max(axis=1))


@st.composite
def steps(draw):
    """Interfaces of four to eight steps, any numbers in all their parts, and the memory's sizes."""
    R, N, B, W = draw(st.integers(1, 3)), draw(st.integers(1, 5)), 2, 2
    size = draw(st.sampled_from([1, 10, 1e4]))
    rows = {"Whr": R * W, "Whv": W, "Whw": W, "Whe": W, "Whbr": R, "Whbw": 1, "Whf": R, "Whga": 1, "Whgw": 1}
    rows["Whm"] = 3 * R
    ends = np.cumsum(list(rows.values())).tolist()
    z = draw(st.lists(numbers((ends[-1], B), -size, size), min_size=4, max_size=8))
    return [dict(zip(rows, np.split(one, ends[:-1]), strict=True)) for one in z], empty_memory(N, W, R, B)


@both
@given(steps())
def test_the_bounds_hold_whatever_steers_the_memory(net, steps):
    """Usage in [0, 1]; weightings, precedence, rows and columns of the links sum to at most 1; diagonal 0."""
    interfaces, state = steps
    for z in interfaces:
        state = net.step(z, state)
        assert all(np.isfinite(value).all() for value in state.values())
        assert state["u"].min() >= -ROUNDING and state["u"].max() <= 1 + ROUNDING
        at_most_1(state["ww"], state["p"], state["wr"], state["L"], state["L"].swapaxes(0, 1))
        assert not np.einsum("iib->ib", state["L"]).any()
