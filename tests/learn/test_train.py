"""Training: it learns, resumes bit-equal after a kill, starts from a starter, skips what nobody annotated."""

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from activedints.core.errors import Cancelled, EmptyPool, InvalidChannels, InvalidSettings, UnsafeCheckpoint
from activedints.core.job import silent
from activedints.core.settings import LabelSet, ScoreSettings, TrainSettings
from activedints.learn.checkpoint import checkpoints
from activedints.learn.loss import dice_ce
from activedints.learn.model import load_model
from activedints.learn.predict import predict
from activedints.learn.train import train
from tests.learn.toy import CHANNELS, LABELS, TINY, toy_case

SETTINGS = TrainSettings(steps=6, patch=(16, 16, 16), threads=1, device="cpu", checkpoint_every=0.0)


def trained(folder, settings=SETTINGS, architecture=TINY, report=silent, **kwargs):
    cases = kwargs.pop("cases", [toy_case("a", 0), toy_case("b", 1)])
    channels, labels = kwargs.pop("channels", CHANNELS), kwargs.pop("labels", LABELS)
    return train(cases, architecture, channels, labels, settings, report, folder, **kwargs)


@pytest.fixture(scope="module")
def six_steps(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("six"))


def test_loss_by_hand_and_without_ignored_voxels():
    logits = torch.zeros(1, 2, 1, 1, 2)
    label = torch.tensor([[[[0, 1]]]], dtype=torch.uint8)
    # p = .5 everywhere: cross entropy log 2; Dice of class 1 = 2 * .5 / (1 + 1) = .5
    assert float(dice_ce(logits, label)) == pytest.approx(np.log(2) + 0.5, abs=1e-4)
    half = label.clone()
    half[..., 1] = 255
    wild = logits.clone()
    wild[..., 1] = 7.0 * torch.tensor([1.0, -1.0]).view(1, 2, 1, 1)
    assert float(dice_ce(wild, half)) == float(dice_ce(logits, half))
    assert float(dice_ce(logits, torch.full_like(label, 255))) == 0


def test_ignored_voxels_send_no_gradient():
    logits = torch.randn(1, 3, 4, 4, 4, requires_grad=True)
    label = torch.randint(0, 3, (1, 4, 4, 4)).to(torch.uint8)
    label[:, :2] = 255
    dice_ce(logits, label).backward()
    assert (logits.grad[:, :, :2] == 0).all()
    assert (logits.grad[:, :, 2:] != 0).any()


def test_it_learns_the_toy(tmp_path):
    settings = dataclasses.replace(SETTINGS, steps=60, learning_rate=1e-2, checkpoint_every=60.0)
    heard = []
    result = trained(tmp_path, settings, report=lambda *event: heard.append(event))
    assert result.steps == 60
    assert heard[-1][:2] == (60, 60)
    unseen = toy_case("c", 7)
    scoring = ScoreSettings(draws=1, patch=(16, 16, 16), threads=1, device="cpu")
    found = predict(load_model(result.path, "cpu"), unseen.image, unseen.brain, unseen.spacing, CHANNELS, scoring)
    tumour, truth = found.label_index > 0, unseen.label > 0
    assert 2 * (tumour & truth).sum() / (tumour.sum() + truth.sum()) > 0.7
    assert checkpoints(tmp_path) == []


@pytest.mark.parametrize("steps_heard", [1, 4])
def test_a_killed_run_resumes_to_the_same_bits(tmp_path, monkeypatch, six_steps, steps_heard):
    monkeypatch.setattr("activedints.learn.train.REPORT_EVERY", 0.0)

    def stop(step, total, message, metrics=None):
        if step > steps_heard:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        trained(tmp_path, report=stop)
    assert 1 <= len(checkpoints(tmp_path)) <= 2
    resumed = trained(tmp_path)
    assert resumed.steps == 6
    one, other = load_file(six_steps.path), load_file(resumed.path)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_finished_run_is_not_run_again(tmp_path):
    first = trained(tmp_path)
    written = first.path.stat().st_mtime_ns
    assert trained(tmp_path) == first
    assert first.path.stat().st_mtime_ns == written


def test_a_checkpoint_of_another_run_or_with_a_pickle_is_refused(tmp_path):
    torch.save({"purpose": "other"}, tmp_path / "checkpoint-00000003.pt")
    with pytest.raises(UnsafeCheckpoint, match="empty folder"):
        trained(tmp_path)
    torch.save({"purpose": toy_case()}, tmp_path / "checkpoint-00000004.pt")
    with pytest.raises(UnsafeCheckpoint, match="more than tensors"):
        trained(tmp_path)


def test_seconds_bound_the_run(tmp_path):
    settings = dataclasses.replace(SETTINGS, steps=None, seconds=0.5)
    result = trained(tmp_path, settings)
    assert result.steps >= 1
    assert 0.5 <= result.seconds < 30


def test_a_starter_with_the_same_labels_gives_everything(tmp_path, six_steps):
    from activedints.learn.train import Card, fresh_network

    settings = dataclasses.replace(SETTINGS, seed=5)
    card = Card(TINY, ("T1w", "FLAIR"), LABELS, None, settings.patch, dataclasses.asdict(settings))
    network, fine = fresh_network(card, settings, six_steps.path)
    network.eval()
    assert fine, "nothing in it is new"
    starter = load_model(six_steps.path, "cpu").network
    x = torch.randn(1, 2, 16, 16, 16)
    assert torch.allclose(network(x.flip(1)), starter(x), atol=1e-4)  # channels found by name


def test_a_fine_tuning_is_believed_by_its_cases_and_the_rest_is_the_starter(tmp_path, six_steps, monkeypatch):
    import activedints.learn.train as training

    tuned = trained(tmp_path / "tuned", start=six_steps.path)
    monkeypatch.setattr(training, "BELIEVED", 0.0)  # as if nothing of the starter were kept
    whole = trained(tmp_path / "whole", start=six_steps.path)
    files = [load_file(made.path) for made in (six_steps, tuned, whole)]
    assert load_model(tuned.path, "cpu").card.facts["believed"] == pytest.approx(2 / 8)
    moved = 0
    for name in files[0]:
        before, found, after = (file[name] for file in files)
        assert torch.allclose(found, before.lerp(after, 2 / 8), atol=1e-6)
        moved += not torch.equal(found, before)
    assert moved > 0


def test_a_training_from_random_weights_or_of_other_labels_is_believed_altogether(tmp_path, six_steps):
    other = trained(tmp_path, start=six_steps.path, labels=LabelSet((0, 1, 2), ("background", "cyst", "pus")))
    assert [load_model(m.path, "cpu").card.facts["believed"] for m in (six_steps, other)] == [1.0, 1.0]


def test_a_starter_with_other_labels_gives_the_trunk_alone(tmp_path, six_steps):
    from activedints.learn.train import Card, fresh_network

    labels = LabelSet((0, 1), ("background", "lesion"))
    card = Card(TINY, CHANNELS, labels, None, SETTINGS.patch, dataclasses.asdict(SETTINGS))
    (network, fine), (scratch, _) = fresh_network(card, SETTINGS, six_steps.path), fresh_network(card, SETTINGS)
    starter = load_model(six_steps.path, "cpu").network
    for name, value in network.trunk.state_dict().items():
        assert torch.equal(value, starter.trunk.state_dict()[name])
    assert torch.equal(network.head.weight, scratch.head.weight)
    assert not fine, "the head has all to learn"
    # a channel that the starter does not know changes nothing at first
    more = Card(TINY, ("T2w", *CHANNELS), LABELS, None, SETTINGS.patch, dataclasses.asdict(SETTINGS))
    grown = fresh_network(more, SETTINGS, six_steps.path)[0].eval()
    x = torch.randn(1, 3, 16, 16, 16)
    assert torch.allclose(grown(x), starter(x[:, 1:]), atol=1e-4)


def test_what_cannot_be_trained_is_refused_in_one_sentence(tmp_path, six_steps):
    with pytest.raises(InvalidChannels, match="FLAIR"):
        trained(tmp_path, channels=("PD", "T1w"), start=six_steps.path)
    with pytest.raises(InvalidSettings, match="multiple of"):
        trained(tmp_path, dataclasses.replace(SETTINGS, patch=(18, 16, 16)))
    with pytest.raises(InvalidSettings, match="segresnet"):
        trained(tmp_path, architecture="unet")
    blank = dataclasses.replace(toy_case(), label=np.full((24, 28, 20), 255, np.uint8))
    with pytest.raises(EmptyPool, match="annotate one"):
        trained(tmp_path, cases=[blank])


@pytest.mark.parametrize("name", ["segresnet", "dynunet"])
def test_baselines_go_through_the_same_loop(tmp_path, name):
    result = trained(tmp_path, dataclasses.replace(SETTINGS, steps=1), architecture=name)
    assert load_model(result.path, "cpu").card.architecture == name
