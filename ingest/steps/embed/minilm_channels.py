"""The feed-forward channels of all-MiniLM-L6-v2 with the largest activations.

Measured once, in fp32, on 370 texts: prose, code, tables of numbers, queries, and 20 languages. The largest values of the hottest
channels after GELU are 8 to 25, those of most channels 2 to 4. One int8 scale for all of them would waste most of its steps.
A list in the module, and not a measurement at each build, gives the same graph on every machine.
"""

_ROWS = (
    "316 329 374 433 463 546 585 602 635 691 743 799 826 829 848 856 875 887 984 1087 1096 1120 1163 1170 1191 1239 "
    "1261 1337 1383 1389 1437 1480",
    "17 26 82 116 251 278 360 456 467 505 551 588 607 646 801 821 826 869 898 948 951 957 1004 1028 1072 1162 1184 "
    "1200 1216 1370 1428 1491",
    "144 145 191 218 293 304 311 316 389 456 606 678 805 842 850 874 994 1004 1021 1042 1145 1157 1166 1197 1208 "
    "1256 1265 1309 1327 1445 1446 1484",
    "61 111 112 117 119 144 166 201 287 318 346 358 444 456 493 548 662 722 735 750 759 805 1004 1037 1056 1057 "
    "1085 1129 1238 1355 1415 1506",
    "122 128 141 192 242 373 409 446 619 621 637 682 716 767 769 852 918 1031 1089 1097 1167 1218 1257 1260 1313 "
    "1321 1357 1397 1443 1499 1526 1528",
    "81 85 105 119 256 294 372 423 480 486 499 541 580 617 745 784 885 923 959 1027 1085 1132 1191 1203 1226 1280 "
    "1287 1297 1300 1302 1333 1426",
)

HOT_CHANNELS: tuple[tuple[int, ...], ...] = tuple(tuple(int(channel) for channel in row.split()) for row in _ROWS)
"""For each layer, the 32 channels with the largest absolute value after GELU."""
