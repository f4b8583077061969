"""Networks of several kinds of blocks, written as they are found in practice."""

import torch
from torch import nn


def _convolution(inputs, outputs, size=3, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)


class BasicBlock(nn.Module):
    """Two convolutions with a skip, which is a projection where the shape changes (He et al. 2016)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = _convolution(inputs, outputs, stride=stride), nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2, self.bn2 = _convolution(outputs, outputs), nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        skip = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        x += skip
        return self.relu(x)


class ResNet18(nn.Module):
    """Eighteen layers: a stem, four stages of two blocks, a linear head."""

    def __init__(self, width=64, outputs=10):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        stages, inputs = [], width
        for stage in range(4):
            size = width * 2**stage
            stages.append(nn.Sequential(BasicBlock(inputs, size, 1 + (stage > 0)), BasicBlock(size, size, 1)))
            inputs = size
        self.stages = nn.Sequential(*stages)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Linear(inputs, outputs)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = torch.flatten(self.avgpool(self.stages(x)), 1)
        return self.fc(x)


class PreActivation(nn.Module):
    """Normalisation before each convolution: the values that are added are pinned, those in between are free."""

    def __init__(self, width=4, blocks=2):
        super().__init__()
        self.stem = _convolution(3, width)
        self.blocks = nn.ModuleList(
            nn.ModuleList([self._part(width), self._part(width)]) for _ in range(blocks)
        )
        self.last, self.head = nn.BatchNorm2d(width), nn.Linear(width, 3)

    @staticmethod
    def _part(width):
        return nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), _convolution(width, width))

    def forward(self, x):
        x = self.stem(x)
        for first, second in self.blocks:
            x = x + second(first(x))
        return self.head(torch.relu(self.last(x)).mean((-2, -1)))


class Inverted(nn.Module):
    """Inverted residuals: expand, convolve each channel alone, project linearly, add (Sandler et al. 2018)."""

    def __init__(self, activation, width=4, wide=8):
        super().__init__()
        self.stem = nn.Sequential(_convolution(3, width), nn.BatchNorm2d(width))
        self.blocks = nn.ModuleList(
            nn.Sequential(
                *(_convolution(width, wide, 1), nn.BatchNorm2d(wide), activation()),
                *(_convolution(wide, wide, groups=wide), nn.BatchNorm2d(wide), activation()),
                *(_convolution(wide, width, 1), nn.BatchNorm2d(width)),
            )
            for _ in range(2)
        )
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x.mean([2, 3]))


class Twice(nn.Sequential):
    """Two convolutions with normalisation and ReLU."""

    def __init__(self, inputs, outputs):
        super().__init__(
            *(_convolution(inputs, outputs), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)),
            *(nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU(inplace=True)),
        )


class UNet(nn.Module):
    """Two steps down and two up, with the values of each size handed across (Ronneberger et al. 2015)."""

    def __init__(self, *, transposed, widths=(4, 6, 8)):
        super().__init__()
        first, second, third = widths
        self.down1, self.down2, self.middle = Twice(3, first), Twice(first, second), Twice(second, third)
        self.pool = nn.MaxPool2d(2)
        if transposed:
            self.up2 = nn.ConvTranspose2d(third, second, 2, stride=2)
            self.up1 = nn.ConvTranspose2d(second, first, 2, stride=2)
        else:
            self.up2 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.up1 = nn.Upsample(scale_factor=2, mode="nearest")
        self.right2 = Twice(second + (second if transposed else third), second)
        self.right1 = Twice(first + (first if transposed else second), first)
        self.last = nn.Conv2d(first, 2, 1)

    def forward(self, x):
        first = self.down1(x)
        second = self.down2(self.pool(first))
        x = self.middle(self.pool(second))
        x = self.right2(torch.cat([self.up2(x), second], dim=1))
        x = self.right1(torch.cat([self.up1(x), first], dim=1))
        return self.last(x)


class TransformerBlock(nn.Module):
    """Attention and a ReLU feed-forward part, each normalised before and added."""

    def __init__(self, width, hidden, heads=2):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.feed_forward = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attention(h, h, h, need_weights=False)[0]
        return x + self.feed_forward(self.norm2(x))


class Excited(nn.Module):
    """Channels that are multiplied by a gate of their own means (Hu et al. 2018): both are pinned."""

    def __init__(self, width=6, squeezed=3):
        super().__init__()
        self.conv1, self.conv2 = _convolution(3, width), _convolution(width, 4)
        self.squeeze, self.excite = nn.Linear(width, squeezed), nn.Linear(squeezed, width)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean((2, 3))))))
        x = torch.relu(self.conv2(x * gate[:, :, None, None]))
        return self.head(x.mean((2, 3)))
