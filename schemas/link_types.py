"""The values of CD-LNK: the types of a `lnk` in KMEHR 1.7 and 1.43."""

LINK_TYPES = frozenset(
    {
        "isachildof",
        "isaconsequenceof",
        "isanappendixof",
        "isanewversionof",
        "isapproachfor",
        "isareplyto",
        "isaservicefor",
        "isattestationof",
        "isplannedfor",
        "isrealisationof",
        "multimedia",
        "thumbnail",
    }
)
