"""The page: a trial in a browser, on top of the record; it holds no rule of its own.

It reads ``reports`` and calls the commands of ``trial`` through the tracker. ``app`` puts it
together, ``access`` says who may open what, ``desk`` reads and records, ``acts`` are the forms by
which something is recorded, ``screens`` what is shown, ``accounts`` who signs in. Everything works
without JavaScript, and nothing comes from outside.
"""
