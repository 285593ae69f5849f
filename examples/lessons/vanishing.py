"""Vanishing: a chain of sigmoids against a chain of relus."""

from microtensor import Tensor, explain, page

x = Tensor(1.0, requires_grad=True)

s1 = x.sigmoid()
s2 = s1.sigmoid()
s3 = s2.sigmoid()
s4 = s3.sigmoid()

r1 = x.relu()
r2 = r1.relu()
r3 = r2.relu()
r4 = r3.relu()

y = s4 + r4

TEXT = """
x goes two ways to y: through four sigmoids, and through four relus. Click x at the end, and
compare the products along the two paths.

The slope of a sigmoid is at most 0.25, so four in a row let through less than 0.004 of the
gradient. The slope of a relu is 1 where its input is positive, however many there are.
"""
QUESTIONS = {
    "Make x negative. What comes back through the relus?": "Nothing: the first one is closed, its "
    "slope is 0, and 0 times anything is 0.",
    "Make x 20. What comes back through the sigmoids?": "Almost nothing: the first one is nearly "
    "flat there, with a slope of about 2e−9.",
}

page(y, "lessons/6-vanishing.html", vars(), title="6. Vanishing", text=TEXT, questions=QUESTIONS)
print(explain(y, names=vars()))
