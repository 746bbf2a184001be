"""What tests of several rooms need: trees, archives and sets, damage, commands, and what a tree is afterwards.

`trees`, `planting`, `recipe`      trees: general ones, one for each thing that may be forgotten, the golden one
`manifest`, `snapshot`             what a tree is: the judge of round trips, and contents file by file
`archives`, `sets`, `small_sets`,
`discs`, `protected`, `specimen`   what is made of trees, and where everything in it lies
`damage`, `oracle`                 what is done to that, and what must come of it
`command`, `terminal`, `stock`,
`chromium`                         the command line, at a terminal too, programs of others, and a browser
`memory`, `system`, `hearing`,
`engines`, `decoder`               where to write, the system, monitors, the code's engines, a reader of FORMAT.md
"""
