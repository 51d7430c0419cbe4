"""The data-set advisor: MetaD2A (Lee, Hyung and Hwang, ICLR 2021) and Fisher similarity of data sets."""
