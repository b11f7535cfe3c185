"""A short passage in each of many languages, and the character sets in which such texts are found."""

import random

LATIN = "Plain text,\n\twith a tab and a line.\n" * 5
GERMAN = "Größe und Übung für Straße: äöü.\n" * 5
CHINESE = "这是一个用于测试编码检测的中文文本文件。\n我们希望它能够正确地被识别出来。\n" * 3
POLISH = "Zażółć gęślą jaźń, powiedział mały chłopiec, który się bał, że będzie padać.\n" * 3
RUSSIAN = "Это проверка определения кодировки текста на русском языке.\n" * 3
JAPANESE = "これは日本語のテキストです。文字コードの判定を試します。\n" * 3

PASSAGES: dict[str, tuple[str, str]] = {  # language -> (character sets, text)
    "German": (
        "cp1252 mac_roman cp850",
        "Die Bücherei am Marktplatz öffnet täglich außer sonntags um zehn Uhr. Für Schüler ist die Leihgebühr ermäßigt. Bitte "
        "geben Sie überfällige Bände möglichst früh zurück, damit andere Gäste sie auch lesen können.",
    ),
    "French": (
        "cp1252 mac_roman cp850",
        "La bibliothèque située près de la gare est fermée pendant l'été. Les élèves peuvent réserver des livres à distance, "
        "mais ils doivent être présentés à l'entrée. Le maire a déjà remercié les bénévoles dévoués.",
    ),
    "Spanish": (
        "cp1252",
        "El año pasado el ayuntamiento abrió una biblioteca pequeña en el corazón de la montaña. También recogió opiniones de los "
        "vecinos sobre qué música y qué películas querían, y así decidió la próxima compra.",
    ),
    "Portuguese": (
        "cp1252",
        "A câmara aprovou a construção de uma escola na região. As crianças já não precisarão de atravessar o rio de manhã, e a "
        "população está satisfeita com a decisão. O início das obras será em março.",
    ),
    "Swedish": (
        "cp1252",
        "Biblioteket vid ån är öppet på måndagar och lördagar. Man får låna högst fem böcker åt gången, och de måste lämnas "
        "tillbaka före månadens slut. Fråga gärna om hjälp när något är svårt att hitta.",
    ),
    "Polish": (
        "cp1250 iso8859_2",
        "Biblioteka przy rynku jest otwarta codziennie oprócz niedzieli. Książki można wypożyczyć na cztery tygodnie, a później "
        "trzeba je zwrócić. Dzieci chętnie słuchają bajek, które czyta nasza starsza koleżanka.",
    ),
    "Czech": (
        "cp1250 iso8859_2",
        "Knihovna u náměstí je otevřena každý den kromě neděle. Čtenáři si mohou půjčit nejvýše pět knih a musí je vrátit do "
        "čtyř týdnů. Děti přicházejí poslouchat příběhy, které čte naše starší kolegyně.",
    ),
    "Hungarian": (
        "cp1250 iso8859_2",
        "A főtéri könyvtár vasárnap kivételével minden nap nyitva tart. Egyszerre legfeljebb öt könyvet lehet kölcsönözni, és "
        "négy héten belül vissza kell hozni őket. A gyerekek szívesen hallgatják a meséket.",
    ),
    "Romanian": (
        "cp1250 iso8859_2",
        "Biblioteca din piaţă este deschisă în fiecare zi, în afară de duminică. Cititorii pot împrumuta cinci cărţi şi trebuie "
        "să le aducă înapoi după patru săptămâni. Copiii ascultă cu plăcere poveştile noastre.",
    ),
    "Turkish": (
        "cp1254",
        "Meydandaki kütüphane pazar günleri dışında her gün açıktır. Okuyucular en fazla beş kitap ödünç alabilir ve dört hafta "
        "içinde geri getirmelidir. Çocuklar öğleden sonra masal dinlemeye geliyor.",
    ),
    "Lithuanian": (
        "cp1257",
        "Biblioteka prie aikštės atidaryta kiekvieną dieną, išskyrus sekmadienį. Skaitytojai gali pasiimti penkias knygas ir "
        "turi jas grąžinti po keturių savaičių. Vaikai mielai klausosi pasakų, kurias skaito mūsų kolegė.",
    ),
    "Latvian": (
        "cp1257",
        "Bibliotēka pie laukuma ir atvērta katru dienu, izņemot svētdienu. Lasītāji var paņemt piecas grāmatas, un tās jāatdod "
        "pēc četrām nedēļām. Bērni labprāt klausās pasakas, ko lasa mūsu kolēģe.",
    ),
    "Vietnamese": (
        "cp1258",
        "Thư viện ở quảng trường mở cửa mỗi ngày trừ chủ nhật. Người đọc có thể mượn năm quyển sách và phải trả lại sau bốn tuần. "
        "Trẻ em thích nghe những câu chuyện mà cô thủ thư đọc vào buổi chiều.",
    ),
    "Russian": (
        "cp1251 koi8_r cp866 iso8859_5 mac_cyrillic",
        "Библиотека на площади открыта каждый день, кроме воскресенья. Читатели могут взять пять книг и должны вернуть их через "
        "четыре недели. Дети охотно слушают сказки, которые читает наша сотрудница.",
    ),
    "Ukrainian": (
        "cp1251 koi8_u",
        "Бібліотека на площі відчинена щодня, крім неділі. Читачі можуть узяти п'ять книжок і мають повернути їх за чотири тижні. "
        "Діти охоче слухають казки, які читає наша співробітниця.",
    ),
    "Bulgarian": (
        "cp1251",
        "Библиотеката на площада е отворена всеки ден освен неделя. Читателите могат да вземат пет книги и трябва да ги върнат "
        "след четири седмици. Децата с удоволствие слушат приказките, които чете нашата колежка.",
    ),
    "Greek": (
        "cp1253 iso8859_7",
        "Η βιβλιοθήκη στην πλατεία είναι ανοιχτή κάθε μέρα εκτός Κυριακής. Οι αναγνώστες μπορούν να δανειστούν πέντε βιβλία και "
        "πρέπει να τα επιστρέψουν σε τέσσερις εβδομάδες. Τα παιδιά ακούνε παραμύθια.",
    ),
    "Hebrew": (
        "cp1255",
        "הספרייה בכיכר פתוחה בכל יום מלבד יום שבת. הקוראים יכולים לשאול חמישה ספרים וצריכים להחזיר אותם אחרי ארבעה שבועות. "
        "הילדים אוהבים לשמוע סיפורים בשעות אחר הצהריים.",
    ),
    "Arabic": (
        "cp1256 iso8859_6",
        "المكتبة في الساحة مفتوحة كل يوم ما عدا يوم الجمعة. يمكن للقراء أن يستعيروا خمسة كتب ويجب أن يعيدوها بعد أربعة أسابيع. "
        "يحب الأطفال أن يسمعوا القصص في المساء.",
    ),
    "Thai": (
        "cp874",
        "ห้องสมุดที่จัตุรัสเปิดทุกวันยกเว้นวันอาทิตย์ ผู้อ่านสามารถยืมหนังสือได้ห้าเล่มและต้องคืนภายในสี่สัปดาห์ เด็กๆ ชอบฟังนิทานในตอนบ่าย ซึ่งบรรณารักษ์ของเราเป็นผู้อ่าน",
    ),
    "Japanese": (
        "cp932 euc_jp",
        "広場の図書館は日曜日を除いて毎日開いています。一度に五冊まで借りることができ、四週間以内に返さなければなりません。 子どもたちは午後になると、物語を聞くために集まってきます。",
    ),
    "Chinese": (
        "gb18030",
        "广场旁边的图书馆除星期天外每天开放。读者一次可以借五本书，并且必须在四个星期之内归还。 孩子们下午来听故事，这些故事由我们的同事朗读。",
    ),
    "Traditional Chinese": (
        "big5hkscs",
        "廣場旁邊的圖書館除星期天外每天開放。讀者一次可以借五本書，並且必須在四個星期之內歸還。 孩子們下午來聽故事，這些故事由我們的同事朗讀。",
    ),
    "Korean": (
        "cp949",
        "광장 옆의 도서관은 일요일을 제외하고 매일 문을 엽니다. 독자들은 책을 다섯 권까지 빌릴 수 있으며 네 주 안에 돌려주어야 합니다. 아이들은 오후에 이야기를 들으러 옵니다.",
    ),
}

_TONES = "\u0300\u0301\u0303\u0309\u0323"


def to_vietnamese_form(text: str) -> str:
    """Return text with tones as characters of their own, as cp1258 has them."""
    import unicodedata

    letters = []
    for letter in text:
        marks = unicodedata.normalize("NFD", letter)
        tones = "".join(mark for mark in marks if mark in _TONES)
        rest = "".join(mark for mark in marks if mark not in _TONES)
        letters.append(unicodedata.normalize("NFC", rest) + tones)
    return "".join(letters)


def encode(text: str, codec: str) -> bytes:
    return (to_vietnamese_form(text) if codec == "cp1258" else text).encode(codec)


def samples(text: str, length: int, number: int) -> list[str]:
    """Return texts of about `length` characters with a letter that is not ASCII, each from another place."""
    source = random.Random(length)
    repeated = " ".join([text] * (2 + length // len(text)))
    found: list[str] = []
    while len(found) < number:
        start = source.randrange(len(text))
        sample = repeated[start : start + length].strip()
        if not sample.isascii():
            found.append(sample)
    return found
