"""Native PyTorch as a contestant: reads one question a line from standard input and answers with one line of JSON.

The same networks from the same weights. Images lie in memory as floats before the clock starts, batches are views, and
nothing is shuffled, which is kind to it. Images are channels first here, so kernels and the first dense layer's rows
are put into that order once.
"""
import base64
import gzip
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

BATCH = 64


def floats(text, shape):
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), "<f4").reshape(shape).copy())


class Net(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.steps = []
        self.held = torch.nn.ModuleList()
        channels = height = None
        side, depth = 28, 1
        for layer in network["layers"]:
            kind = layer["kind"]
            if kind == "maxPool":
                side //= 2
                self.steps.append(("pool", None, False))
            elif kind == "flatten":
                channels, height = depth, side
                self.steps.append(("flatten", None, False))
            else:
                kernel, bias = floats(layer["kernel"], layer["shape"]), floats(layer["bias"], [-1])
                if kind == "conv":
                    depth = layer["shape"][3]
                    # An odd kernel with stride 1 is padded alike on both sides, as TensorFlow does.
                    pad = layer["shape"][0] // 2 if layer["padding"] == "same" else 0
                    side += 2 * pad - layer["shape"][0] + 1
                    module = torch.nn.Conv2d(kernel.shape[2], depth, kernel.shape[0], padding=pad)
                    kernel = kernel.permute(3, 2, 0, 1)
                else:
                    if channels is not None:
                        kernel = kernel.reshape(height, height, channels, -1).permute(2, 0, 1, 3).reshape(kernel.shape)
                        channels = None
                    module = torch.nn.Linear(kernel.shape[0], kernel.shape[1])
                    kernel = kernel.t()
                with torch.no_grad():
                    module.weight.copy_(kernel)
                    module.bias.copy_(bias)
                self.held.append(module)
                self.steps.append(("module", len(self.held) - 1, layer["relu"]))

    def forward(self, x):
        for kind, at, relu in self.steps:
            if kind == "pool":
                x = F.max_pool2d(x, 2)
            elif kind == "flatten":
                x = x.flatten(1)
            else:
                x = self.held[at](x)
                if relu:
                    x = F.relu(x)
        return x


networks = {}
sample = {}
test = {}


def trainer(name):
    model = Net(networks[name])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    x, y = sample["x"], sample["y"]
    batches = len(y) // BATCH

    def step(i):
        at = (i % batches) * BATCH
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x[at : at + BATCH]), y[at : at + BATCH])
        loss.backward()
        optimizer.step()
        return loss

    return step


def about(_):
    n = 768
    a, b = torch.randn(n, n), torch.randn(n, n)
    a @ b
    best = 1e9
    for _ in range(8):
        begun = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - begun)
    return {"version": torch.__version__, "gflops": 2 * n**3 / best / 1e9}


def give(question):
    networks[question["network"]["id"]] = question["network"]
    pixels = np.frombuffer(base64.b64decode(question["sample"]["pixels"]), "u1").reshape(-1, 1, 28, 28)
    sample["x"] = torch.from_numpy(pixels.astype("f4") / 255)
    sample["y"] = torch.tensor(question["sample"]["labels"])
    for part, skip, shape in (("images", 16, (-1, 1, 28, 28)), ("labels", 8, (-1,))):
        with gzip.open(f"{question['mnist']}/test-{part}.idx.gz") as file:
            test[part] = np.frombuffer(file.read(), "u1")[skip:].reshape(shape)
    test["x"] = torch.from_numpy(test["images"].astype("f4") / 255)
    test["y"] = torch.from_numpy(test["labels"].astype("i8"))
    return None


def curve(question):
    step = trainer(question["network"])
    return [step(i).item() for i in range(question["steps"])]


def train(question):
    step = trainer(question["network"])
    for i in range(10):
        step(i)
    begun = time.perf_counter()
    done = 0
    while time.perf_counter() - begun < question["seconds"]:
        step(done)
        done += 1
    return done * BATCH / (time.perf_counter() - begun)


def infer(question):
    model = Net(networks[question["network"]]).eval()
    images, batch = question["images"], question["batch"]
    correct = 0
    with torch.inference_mode():
        model(test["x"][:batch])
        begun = time.perf_counter()
        for at in range(0, images, batch):
            to = min(at + batch, images)
            correct += (model(test["x"][at:to]).argmax(1) == test["y"][at:to]).sum().item()
        seconds = time.perf_counter() - begun
    return {"speed": images / seconds, "correct": correct}


if len(sys.argv) > 1:
    torch.set_num_threads(int(sys.argv[1]))
for line in sys.stdin:
    question = json.loads(line)
    answer = {"about": about, "give": give, "curve": curve, "train": train, "infer": infer}[question["do"]](question)
    print(json.dumps(answer), flush=True)
