import base64
import io
from PIL import Image, ImageDraw, ImageFilter

image = Image.new("RGB", (64, 48), "white")
draw = ImageDraw.Draw(image)
draw.rectangle([8, 8, 40, 30], fill=(200, 30, 30), outline="black")
draw.text((4, 34), "hi", fill="blue")
for kind in ("PNG", "GIF", "BMP"):
    buffer = io.BytesIO()
    image.save(buffer, kind)
    buffer.seek(0)
    assert Image.open(buffer).size == (64, 48), kind
small = image.resize((16, 12)).convert("L").rotate(90, expand=True).filter(ImageFilter.BLUR)
assert small.size == (12, 16) and image.getpixel((20, 20)) == (200, 30, 30)
assert base64.b64encode(buffer.getvalue()).startswith(b"Qk")
print("ok")
