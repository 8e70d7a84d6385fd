"""The demo's pictures: a caption, a background and what stands on it, from back to front."""

from dataclasses import dataclass
from types import MappingProxyType

from PIL import Image, ImageDraw

from api.cli.demo.shapes import SHAPES

WIDTH, HEIGHT = 480, 320
_HORIZON = HEIGHT * 55 // 100
_GRASS, _SAND, _SNOW, _SEA, _ROAD = "#5a9e4b", "#e3c98f", "#f4f7fa", "#2767b0", "#7c7f84"
_SKY, _EVENING, _NIGHT, _GREY, _WALL = "#8fc4ee", "#f08a24", "#0e1226", "#c3c9d0", "#efe3cf"


@dataclass(frozen=True, slots=True)
class DrawnScene:
    """A picture to draw.

    Attributes:
        caption: What it shows.
        above: Colour above the horizon.
        below: Colour below it.
        things: Shape, middle, lower edge and size in pixels, and colour of each: ``dog 240 290 90
            black``, separated by commas.
    """

    caption: str
    above: str
    below: str
    things: str

    def draw(self) -> Image.Image:
        """Draw it, 480 by 320 pixels, always the same."""
        picture = Image.new("RGB", (WIDTH, HEIGHT), self.above)
        canvas = ImageDraw.Draw(picture)
        canvas.rectangle((0, _HORIZON, WIDTH, HEIGHT), fill=self.below)
        for thing in self.things.split(","):
            shape, x, y, size, colour = thing.split()
            SHAPES[shape](canvas, int(x), int(y), int(size), colour)
        return picture


_LAWN, _BEACH, _WINTER = (_SKY, _GRASS), (_SKY, _SAND), (_GREY, _SNOW)
_WATER, _STREET, _ROOM = (_SKY, _SEA), (_SKY, _ROAD), (_WALL, "#9a6a3c")
_DUSK, _DARKNESS = (_EVENING, "#5a2d73"), (_NIGHT, "#171a28")

SCENES = MappingProxyType(
    {
        "dog-on-grass": DrawnScene("a black dog plays with a red ball on the grass", *_LAWN,
            "tree 90 200 150 #2e7d32,dog 230 280 130 #1c1c1c,ball 370 285 50 #d3122a"),
        "dog-on-beach": DrawnScene("a brown dog runs along the beach", *_BEACH,
            "ball 400 90 60 #ffd23f,boat 120 175 70 white,dog 240 280 130 #7a4a22"),
        "two-dogs-snow": DrawnScene("two dogs run in the snow", *_WINTER,
            "fir 70 220 150 #1f4d2e,dog 190 280 110 #3a2a1e,dog 340 290 110 #a8743c"),
        "white-dog": DrawnScene("a white dog sits beside a girl in a red dress", *_LAWN,
            "woman 150 290 170 #d3122a,dog 310 290 120 #f6f3ec"),
        "orange-cat": DrawnScene("an orange cat sits on a brown floor", *_ROOM,
            "cat 240 280 170 #e88a2a"),
        "black-cat": DrawnScene("a black cat at night under the moon", *_DARKNESS,
            "ball 390 110 70 #f4edc4,cat 210 290 160 #3b3b44"),
        "horse": DrawnScene("a brown horse on a green meadow", *_LAWN,
            "mountain 100 176 110 #7b8794,horse 240 290 170 #6d3f1f"),
        "white-horse": DrawnScene("a man and a white horse on the beach", *_BEACH,
            "person 110 290 160 #2e6fc4,horse 290 290 160 #f3efe6"),
        "cows": DrawnScene("black cows on a green field before a house", *_LAWN,
            "house 400 190 110 #f1e8d8,horse 130 250 100 #222222,horse 290 290 120 #1b1b1b"),
        "ducks": DrawnScene("three white ducks on the water", *_WATER,
            "bird 110 240 80 white,bird 240 270 90 white,bird 370 245 80 white"),
        "flamingo": DrawnScene("pink flamingos stand by blue water", *_WATER,
            "bird 170 250 130 #f06fa0,bird 330 270 140 #f06fa0"),
        "fish": DrawnScene("orange fish swim in blue water", "#3f8fd0", "#2767b0",
            "fish 130 120 90 #f58a1f,fish 300 200 110 #f2791a,fish 180 290 80 #f9a23b"),
        "boy-football": DrawnScene("a boy in a blue shirt plays football", *_LAWN,
            "tree 60 200 130 #2e7d32,person 210 290 180 #1f5fbf,ball 330 290 45 white"),
        "woman-red-dress": DrawnScene("a woman in a red dress", *_ROOM,
            "woman 240 300 260 #c8102e"),
        "woman-blue-dress": DrawnScene("a woman in a blue dress in the garden", *_LAWN,
            "woman 180 300 230 #2456b3,flower 330 290 100 #d3122a,flower 400 300 100 #f3d321"),
        "woman-yellow-dress": DrawnScene("a woman in a yellow dress on the beach", *_BEACH,
            "ball 90 90 60 #fff0a0,woman 260 300 220 #f5c518"),
        "three-friends": DrawnScene("three people stand in the park", *_LAWN,
            "tree 60 210 150 #2e7d32,person 170 290 160 #d3122a,person 260 290 170 #f3d321,"
            "person 350 290 160 #2e6fc4"),
        "umbrella": DrawnScene("a woman with a red umbrella in the rain", _GREY, "#6f767f",
            "cloud 120 90 120 #8e97a1,cloud 380 80 130 #8e97a1,woman 240 300 190 #35507a,"
            "umbrella 285 225 170 #d3122a"),
        "birthday": DrawnScene("a birthday cake with candles and balloons", *_ROOM,
            "balloon 80 200 150 #d3122a,balloon 400 190 150 #2e6fc4,cake 240 280 170 #f2a0b8"),
        "balloons": DrawnScene("a child with colourful balloons", *_LAWN,
            "person 240 300 130 #f58a1f,balloon 200 230 170 #d3122a,balloon 270 230 190 #2e6fc4,"
            "balloon 320 240 150 #f3d321"),
        "family-snow": DrawnScene("a family in the snow between fir trees", *_WINTER,
            "fir 60 230 170 #1f4d2e,fir 430 240 180 #1f4d2e,person 180 290 150 #d3122a,"
            "woman 260 290 140 #7a4fa3,person 330 295 90 #2e6fc4"),
        "mountains": DrawnScene("mountains covered with snow under a blue sky", *_LAWN,
            "mountain 150 200 170 #6b7885,mountain 330 200 200 #5b6875"),
        "sunset": DrawnScene("an orange sunset over purple hills", *_DUSK,
            "ball 240 190 130 #ffd23f"),
        "sunset-boat": DrawnScene("a sailing boat at sunset", _EVENING, "#27406e",
            "ball 340 185 100 #ffd23f,boat 180 260 150 #2b2420"),
        "sailing-boat": DrawnScene("a boat with a white sail on the blue sea", *_WATER,
            "cloud 110 80 90 white,boat 260 250 190 white"),
        "red-sail": DrawnScene("two boats with red sails on the sea", *_WATER,
            "boat 140 230 130 #d3122a,boat 340 270 160 #d3122a"),
        "red-car": DrawnScene("a red car on a grey road", *_STREET,
            "tree 420 180 120 #2e7d32,car 230 280 260 #c81d25"),
        "blue-car": DrawnScene("a blue car in front of a house", *_STREET,
            "house 130 190 150 #f1e8d8,car 300 285 220 #2456b3"),
        "yellow-bus": DrawnScene("a yellow bus in the street", *_STREET,
            "house 90 180 120 #d8c9b0,bus 260 285 320 #f3b61f"),
        "cyclist": DrawnScene("a green bicycle on the road", *_STREET,
            "tree 80 190 140 #2e7d32,bicycle 250 280 200 #2e9e4b"),
        "night-city": DrawnScene("a city at night with yellow windows", *_DARKNESS,
            "house 90 270 170 #2a2f45,house 240 280 220 #232840,house 400 270 170 #2a2f45"),
        "village": DrawnScene("white houses between green trees", *_LAWN,
            "house 110 250 140 #f7f3ea,tree 220 260 150 #2e7d32,house 340 270 170 #f7f3ea"),
        "forest": DrawnScene("green trees in a forest", "#7fae7a", "#3c6b34",
            "tree 80 250 200 #2e7d32,tree 200 270 230 #3f9142,tree 330 250 210 #2b6b2f,"
            "tree 430 280 220 #3f9142"),
        "autumn": DrawnScene("trees with red and yellow leaves in autumn", _SKY, "#a8743c",
            "tree 90 260 200 #d9822b,tree 240 270 220 #c0392b,tree 390 260 200 #e0b02c"),
        "snow-field": DrawnScene("a lonely fir in a white snow field", *_WINTER,
            "fir 240 260 180 #1f4d2e"),
        "red-roses": DrawnScene("red flowers in green grass", _SKY, "#3f8a3a",
            "flower 90 290 150 #d3122a,flower 200 300 170 #d3122a,flower 310 290 150 #d3122a,"
            "flower 410 300 160 #d3122a"),
        "lavender": DrawnScene("purple flowers on a field", "#e8ecf4", "#6d9a58",
            "flower 70 290 130 #7a4fa3,flower 160 300 140 #7a4fa3,flower 250 290 130 #7a4fa3,"
            "flower 340 300 140 #7a4fa3,flower 430 290 130 #7a4fa3"),
        "lemons": DrawnScene("yellow lemons on a white table", "#f4f4f2", "#ffffff",
            "ball 170 260 110 #f3d321,ball 290 280 120 #e8c61a"),
        "oranges": DrawnScene("oranges on a brown table", *_ROOM,
            "ball 130 270 110 #f58a1f,ball 240 280 120 #f2791a,ball 350 270 110 #f58a1f"),
        "desert": DrawnScene("yellow sand under a hot sun in the desert", _SKY, "#d0a35c",
            "ball 370 110 80 #fff0a0"),
    }
)  # fmt: skip
