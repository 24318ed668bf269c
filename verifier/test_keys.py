"""Ids of the test keys that this release knows and refuses outside test mode.

A signer is named by its key id, a device key by the first 8 bytes of its x coordinate. The keys themselves stand in
`tests/`; a test scans the repository and asserts that every key found there is named here.
"""

from __future__ import annotations

from typing import Final

# Written by `python -m tests.simulated_keys`.
_SIGNERS: Final = (
    "34bd8a81d15be7c6 44c10f4b65b5e1d2 a0e939eeeccd61d0 a47f2479418fa99c dc0186b512174d3b "
    "06b03307bde8a30c fd93a0f82952dc49 1d84b1747a73a1f6 a2f216ea30a7d62c b68d56de9f473dfa "
    "fd5c7fcacddac0e2 97a7b4d64777ac6f 7a064fdc007d44ed f0d9c4b56324a342 d0b41f89e78816ba "
    "bad414fd989ec638 741ce66dd7b0eedd e4747d3406ceb96d 2663db83c29e5838 6ed250b3fb903d15 "
    "eb627a436dcad408 7cb4545a15a9c7ae 1e31a354641e3be7 298105aebf6448d1 325eb9f7fef1d810 "
    "32ffad5fb23c8468 c213a148d0a3ac5f fd3a3fdde13ff3c5 83abd27c97ee9dcc 9b7db2e26b2bfd7b "
    "3776d017485c0225 5b8dadc15a0c096a 1324aac485805f6f 606aa618a4f8cb38 fc3753133145b068 "
    "867425e02619c07c dca2096c081d8e22 3d754b03a24a068a d31bd42ba3edbd45 0711dd7384734169 "
    "195d7469e59d885c 34e74efc1cd7c436 7cd903bcac4dd2cf 0fee58d78d023e47 895a521758ac0ec8 "
    "23ae9ea7acf8f78e 29b655b2bc0efde1 4826b7921b16bc32 b1e720090490b9e5 ad3b0ce53aa0c276 "
    "b63e5388a55b69ee 2c26724d78276128 6db4438300afbe42 871a9ec8a0df6f09 b5d42633d1b4d3e9 "
    "d70ee8114ffa3c94 92e8e6cae85512bf 79c11ab044e7cb0e 42f56df42bb9eb04 17434ab2a5c027fc "
    "ae43cfdeaa7a0dc6 42d0ac720ae1ec2c ad5f2e3f9ca75dac 92d753b180ef799c 212a690bd96ab0d7 "
    "bfb8d9f37d4e3362 a1b1a8d7f7c1b47e 4fff11771c074e4c cab517bb07749ba9 d19d5de7ab46baee "
    "6a1dcffb39e0c347 6a22a27b4f8300b9 1cfc709c701f22b6 c4a913fcc7ccb561 3f23364409810a57 "
    "e34a354d6fcf7312 e342cbcfe32a3635 7389f44b29662e45 f341f0c497dab7d0 d4e18ab26a1e8d72 "
    "28d1e3bac798d31e 694584dab24438d4 c3912ecc8f6ac25d 871a6d099b778525 1375c60947a10d48 "
    "c63dced310438673 df15d6189261f769 de6b27aae9c03804 1ea2f3660a08e0c8 44a524c13137a8a0 "
    "a329c8ec26c5bc7a a0deadd82dc5a76f ab72c9c6d8941008 f18572407e8a32bf efbac7a7d34b52b2 "
    "648c5d6c630b4554 55175a1d8f8c5ea7 866eefbd6718c884 b71d9fc27ee9ce61 a3daf3a58903bfb2"
)
_DEVICES: Final = (
    "58af5aa4654746f4 0893531574030195 15eabd96f0805609 3ef319b3ac939596 caa410df53d51ed1 "
    "fdaa9d10adbdb873 03af243e77e5faa9 2f50c73443bf8d9b cc43a176ae0d2c35 eb4f67d1276a160a "
    "a06c331f9a4d1640 77bb391ab7731aac bd66cf846e2a61c4 ba07ffe4fd8258b6 dc74f7ad17999b1b "
    "08fd15fd2d7aefdf c217a212881b02ba 895f790f96937411 02812cca96264c9a c626cc7d9af9b705 "
    "0e0f7f181989aeae 2d6c57be5be611d9 8dca9e1d27832e91 0eb79c6c0c853379 2a2edb5fb70812cd "
    "9f5b2bc844bb8d59 eb0caaa38aaedb21 4e93e194d7500182 dfc5b6f7976ec970 275baedb344dcec6 "
    "bcce0aef8d800b70 3ae63852c40186f3 9211194e2231522b 099db7aa6346305b 3c9e45525cb4a41d "
    "3bba6fdeb0a02c26 93eaaacaf9061c10 d9efad313fe83893 fec45757598d5d6e 2474c112c555cbb3 "
    "1ed6b64cb0deec4f 8e8fcc4c7aa355ca 62c57066b9c644d3 6a630888ba5d0a39 e19081c56c0b5211 "
    "db5a853f6dfd8e8e 407f96afd5587cf2 663561a1b00c837d 5aa4b4139f0d2f90 00317801835eb8ac "
    "89837b5adfc72e7d c99150a70981e7e8 cb2892d5f154c822 d4a20d14a4829fa8 ec6e253baad2cd2a "
    "b0c65907eac7aafb 0a1b0ff4d994af7f cc8534fc740373e8 1d2ed1bc220c9375 187aa6d1f2b56ef7 "
    "18a7a4763fd1af0a cc505ce9e670a5a9 d6519cec8ce198d3 39fadfaf5c01b2ca 4342df9fa04ecbaa "
    "e0ef74589f054e00 5a1b0f5ceeb14c5e 18f3820c86f361d7 61ba501655efd7cd e834daa439c0add5 "
    "2e86318c3781130a 0c503ac7d552b4ce 55614131802cfc51 d39ac8ec662bc7ca 0aab33dfb82e37dc "
    "1f224665968d4b4e 1a0dd07330f02a3b 84234989a26d20f7 d1958d56f618ef03 41c24883d41684a9 "
    "38bb07167b004276 79991908f1c70ce4 24771b4a9074179c cb89a7c386b67b85 7000a316857e3ede "
    "a9a06bc650c424ac e90f9087881661db f3e23a2ba4b71329 358f8bc93914b81c 95b7c37272aaadba "
    "e7f78dcea9ddf469 e548a6de0bb07b7b 1f8d620de77e9362 e8185349e1659d59 bac5b11cad8f99f9 "
    "d38374c62db586c8"
)
TEST_SIGNERS: Final[frozenset[bytes]] = frozenset(map(bytes.fromhex, _SIGNERS.split()))
TEST_DEVICE_KEYS: Final[frozenset[bytes]] = frozenset(map(bytes.fromhex, _DEVICES.split()))


def is_test_device(point: bytes) -> bool:
    """Whether the 33-byte compressed point is a test device key."""
    return point[1:9] in TEST_DEVICE_KEYS
